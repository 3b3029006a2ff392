# One service account for each thing that acts, and the bindings that exist only for a whole project.
# Every other binding stands beside the resource it is about: modules bus, warehouse, secrets, service.

locals {
  accounts = {
    intake    = "Takes webhooks: outbox, events topic, signing secrets."
    worker    = "Does scheduled tasks and consumes events."
    control   = "Serves the API: connections, secrets, events."
    scheduler = "Signs the calls of the scheduled jobs. Holds no permission: the worker checks its token."
    schema    = "Runs `tributary schema apply`."
    published = "Writes integration_events_published for the BigQuery subscription."
  }

  # Connect to the database.
  database_users = ["intake", "worker", "control"]

  # Run BigQuery queries: intake takes over what a gone instance left, which it reads from the outbox.
  query_runners = ["intake", "worker", "control", "schema"]

  # Watch a topic for as long as they live: intake changed secrets, control the live view of events.
  watchers = ["intake", "control"]
}

resource "google_service_account" "this" {
  for_each = local.accounts

  project      = var.project_id
  account_id   = "tributary-${each.key}"
  display_name = "Tributary ${each.key}"
  description  = each.value
}

# A BigQuery job belongs to a project; there is nothing narrower. It gives no access to any table.
resource "google_project_iam_member" "query_runner" {
  for_each = toset(local.query_runners)

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.this[each.key].member
}

# Cloud SQL has no bindings on an instance. The project holds this one instance only.
resource "google_project_iam_member" "database_client" {
  for_each = toset(local.database_users)

  project = var.project_id
  role    = "roles/cloudsql.client"
  member  = google_service_account.this[each.key].member
}

resource "google_project_iam_member" "database_login" {
  for_each = toset(local.database_users)

  project = var.project_id
  role    = "roles/cloudsql.instanceUser"
  member  = google_service_account.this[each.key].member
}

# A watch is a subscription that lives as long as its process. It does not exist beforehand, so the
# permission to make, read and delete it can only stand on the project. What it may be attached to is
# decided by the binding on each topic, in module bus.
resource "google_project_iam_custom_role" "watcher" {
  project     = var.project_id
  role_id     = "tributaryWatcher"
  title       = "Tributary watcher"
  description = "Makes, reads and deletes subscriptions of its own."
  permissions = [
    "pubsub.subscriptions.consume",
    "pubsub.subscriptions.create",
    "pubsub.subscriptions.delete",
    "pubsub.subscriptions.get",
  ]
}

resource "google_project_iam_member" "watcher" {
  for_each = toset(local.watchers)

  project = var.project_id
  role    = google_project_iam_custom_role.watcher.name
  member  = google_service_account.this[each.key].member
}

# Jobs that the product makes itself, one for each polled connection. The product's own jobs are made
# by module scheduler, so nothing here is given until it is asked for.
resource "google_project_iam_custom_role" "job_keeper" {
  count = var.dynamic_jobs ? 1 : 0

  project     = var.project_id
  role_id     = "tributaryJobKeeper"
  title       = "Tributary job keeper"
  description = "Makes, changes, runs and deletes scheduled jobs."
  permissions = [
    "cloudscheduler.jobs.create",
    "cloudscheduler.jobs.delete",
    "cloudscheduler.jobs.enable",
    "cloudscheduler.jobs.get",
    "cloudscheduler.jobs.list",
    "cloudscheduler.jobs.pause",
    "cloudscheduler.jobs.run",
    "cloudscheduler.jobs.update",
  ]
}

# Permissions on jobs exist only for a whole project.
resource "google_project_iam_member" "job_keeper" {
  count = var.dynamic_jobs ? 1 : 0

  project = var.project_id
  role    = google_project_iam_custom_role.job_keeper[0].name
  member  = google_service_account.this["control"].member
}

# Whoever makes a job that signs as an account must be allowed to act as that account, and as no other.
resource "google_service_account_iam_member" "job_keeper" {
  count = var.dynamic_jobs ? 1 : 0

  service_account_id = google_service_account.this["scheduler"].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.this["control"].member
}
