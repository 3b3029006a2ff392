# Postgres for connections, the consumers' ledger and the relay's watermarks, with a private address
# only. Nobody has a password: the services log in as their service accounts.

resource "google_sql_database_instance" "this" {
  project             = var.project_id
  name                = var.name
  region              = var.region
  database_version    = var.database_version
  deletion_protection = var.deletion_protection

  settings {
    # Written out: Postgres 16 and newer default to ENTERPRISE_PLUS, which refuses this tier.
    edition           = "ENTERPRISE"
    tier              = var.tier
    availability_type = var.high_availability ? "REGIONAL" : "ZONAL"
    disk_type         = "PD_SSD"
    disk_size         = 10
    disk_autoresize   = true
    user_labels       = var.labels
    # Against deletion outside Terraform too.
    deletion_protection_enabled = var.deletion_protection

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }

    database_flags {
      name  = "max_connections"
      value = tostring(var.max_connections)
    }

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network_id
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled                        = true
      start_time                     = "02:00"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = 14
      }
    }

    insights_config {
      query_insights_enabled = true
    }
  }
}

resource "google_sql_database" "this" {
  project  = var.project_id
  name     = "tributary"
  instance = google_sql_database_instance.this.name
  # Deleted with the instance; alone, never.
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "service" {
  for_each = var.users

  project  = var.project_id
  name     = trimsuffix(each.value, ".gserviceaccount.com")
  instance = google_sql_database_instance.this.name
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
  # A role that owns something cannot be dropped; it goes with the instance.
  deletion_policy = "ABANDON"
}
