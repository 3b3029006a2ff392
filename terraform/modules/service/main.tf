# One role of the product as a Cloud Run service. The three roles run the same image; they differ in
# what the caller of this module says.

resource "google_cloud_run_v2_service" "this" {
  project             = var.project_id
  name                = "tributary-${var.role}"
  location            = var.region
  description         = var.description
  labels              = var.labels
  ingress             = var.ingress
  deletion_protection = var.deletion_protection

  # See the variable: Cloud Run's own check takes the signature off the token it has checked.
  invoker_iam_disabled = !var.check_invoker

  template {
    service_account                  = var.service_account_email
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = var.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = var.max_instances
    }

    # Only what goes to private addresses, which is the database; Google's APIs are reached directly.
    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = var.network_id
        subnetwork = var.subnetwork_id
      }
    }

    containers {
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = var.cpu
          memory = var.memory
        }
        cpu_idle          = var.cpu_idle
        startup_cpu_boost = true
      }

      # No traffic before the process says that it can do its work: stores answer, migrations are done.
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 4
        failure_threshold = 24

        http_get {
          path = "/readyz"
        }
      }

      # Only whether the process runs: a store that is away is no reason to start again.
      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 4
        failure_threshold = 3

        http_get {
          path = "/healthz"
        }
      }

      dynamic "env" {
        for_each = var.env

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secret_env

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers

  project  = var.project_id
  location = google_cloud_run_v2_service.this.location
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = each.key
}
