output "network_id" {
  description = "The network. Known only once the peering stands, so that a database made in it finds its range."
  value       = google_compute_network.this.id
  depends_on  = [google_service_networking_connection.google_services]
}

output "subnetwork_id" {
  description = "Where the services' instances get their addresses."
  value       = google_compute_subnetwork.services.id
}
