# One environment: a project with everything in it. To make another, copy this folder and its values.

# The number stands in the names of Google's own accounts, in IAM conditions and in the services' URLs.
data "google_project" "this" {
  project_id = var.project_id
}

locals {
  project_number = tostring(data.google_project.this.number)
  labels         = { product = "tributary" }
}

module "project_services" {
  source = "../../modules/project-services"

  project_id = var.project_id
}

module "identities" {
  source = "../../modules/identities"

  project_id = var.project_id
  depends_on = [module.project_services]
}

module "network" {
  source = "../../modules/network"

  project_id = var.project_id
  region     = var.region
  depends_on = [module.project_services]
}

module "registry" {
  source = "../../modules/registry"

  project_id = var.project_id
  region     = var.region
  labels     = local.labels
  depends_on = [module.project_services]
}

module "secrets" {
  source = "../../modules/secrets"

  project_id          = var.project_id
  project_number      = local.project_number
  region              = var.region
  prefix              = var.secret_prefix
  labels              = local.labels
  deletion_protection = var.deletion_protection
  # Intake verifies signatures with them; control writes them.
  readers = {
    intake = module.identities.members["intake"]
    # Registers webhooks with the secret they are to come with.
    worker = module.identities.members["worker"]
  }
  keeper     = module.identities.members["control"]
  depends_on = [module.project_services]
}

module "database" {
  source = "../../modules/database"

  project_id          = var.project_id
  region              = var.region
  tier                = var.database_tier
  high_availability   = var.database_high_availability
  network_id          = module.network.network_id
  labels              = local.labels
  deletion_protection = var.deletion_protection
  users = {
    intake  = module.identities.emails["intake"]
    worker  = module.identities.emails["worker"]
    control = module.identities.emails["control"]
  }
}

module "warehouse" {
  source = "../../modules/warehouse"

  project_id          = var.project_id
  location            = var.bigquery_location
  deletion_protection = var.deletion_protection
  appenders = {
    intake = {
      member = module.identities.members["intake"]
      tables = ["integration_events_outbox", "integration_ledger_counts", "webhook_requests"]
    }
    # What it resolves observations to, and what Postgres has counted.
    worker = {
      member = module.identities.members["worker"]
      tables = ["integration_consumers", "integration_events_outbox", "integration_ledger_counts"]
    }
    # What an operator has reconciled.
    control = {
      member = module.identities.members["control"]
      tables = ["integration_events_outbox"]
    }
  }
  readers = merge(
    {
      worker  = module.identities.members["worker"]
      control = module.identities.members["control"]
    },
    { for member in var.analysts : member => member },
  )
  schema_keeper = module.identities.members["schema"]
  depends_on    = [module.project_services]
}

module "bus" {
  source = "../../modules/bus"

  project_id     = var.project_id
  project_number = local.project_number
  # Control publishes dead letters again, and what was reconciled or replayed.
  publishers             = { for role in ["intake", "worker", "control"] : role => module.identities.members[role] }
  events_watchers        = { control = module.identities.members["control"] }
  secret_events_watchers = { intake = module.identities.members["intake"] }
  consumers              = var.consumers
  consumer_member        = module.identities.members["worker"]
  published_table        = module.warehouse.published_table
  published_writer = {
    email = module.identities.emails["published"]
    name  = module.identities.names["published"]
  }
  depends_on = [module.project_services]
}

module "scheduler" {
  source = "../../modules/scheduler"

  project_id            = var.project_id
  region                = var.region
  worker_url            = local.urls.worker
  service_account_email = module.identities.emails["scheduler"]
  audience              = local.task_audience
  depends_on            = [module.worker]
}

module "monitoring" {
  source = "../../modules/monitoring"

  project_id               = var.project_id
  notification_channels    = [for channel in google_monitoring_notification_channel.email : channel.id]
  services                 = [module.intake.name, module.worker.name, module.control.name]
  published_subscriptions  = module.bus.published_subscriptions
  resolver_subscription    = module.bus.resolver_subscription
  consumer_subscriptions   = module.bus.consumer_subscriptions
  dead_letter_subscription = module.bus.dead_letter_subscription
  database_instance        = module.database.instance
}

resource "google_monitoring_notification_channel" "email" {
  count = var.alert_email == null ? 0 : 1

  project      = var.project_id
  display_name = "Tributary alerts"
  type         = "email"
  labels       = { email_address = var.alert_email }
  depends_on   = [module.project_services]
}
