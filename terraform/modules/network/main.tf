# The network through which the services reach the database's private address. Nothing listens in it.

resource "google_compute_network" "this" {
  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false
}

# Cloud Run takes an address of this range for each instance, and twice as many while a revision
# replaces another.
resource "google_compute_subnetwork" "services" {
  project                  = var.project_id
  name                     = "${var.name}-services"
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.services_cidr
  private_ip_google_access = true
}

# The range that Google's own network takes the database's address from.
resource "google_compute_global_address" "google_services" {
  project       = var.project_id
  name          = "${var.name}-google-services"
  network       = google_compute_network.this.id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
}

resource "google_service_networking_connection" "google_services" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.google_services.name]
  # Google refuses to remove the peering for some time after the last instance is gone; a destroy
  # would fail there.
  deletion_policy = "ABANDON"
}
