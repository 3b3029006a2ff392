# The three services and the job that brings the dataset up to date. docs/operations.md lists every
# variable; a test reads these maps and starts the product's own configuration with them.

locals {
  # Cloud Run gives a service this URL before it exists, so that services can be told of each other.
  urls = {
    for role in ["intake", "worker", "control"] :
    role => "https://tributary-${role}-${local.project_number}.${var.region}.run.app"
  }

  task_audience = "tributary-tasks"

  # PORT is Cloud Run's own and cannot be set.
  common_env = {
    TRIBUTARY_PLATFORM           = "gcp"
    TRIBUTARY_HOST               = "0.0.0.0"
    TRIBUTARY_LOG_LEVEL          = var.log_level
    TRIBUTARY_TENANT_ID          = var.tenant_id
    GOOGLE_CLOUD_PROJECT         = var.project_id
    GOOGLE_CLOUD_LOCATION        = var.region
    TRIBUTARY_BIGQUERY_DATASET   = module.warehouse.dataset_id
    TRIBUTARY_BIGQUERY_LOCATION  = var.bigquery_location
    TRIBUTARY_SECRET_PREFIX      = var.secret_prefix
    TRIBUTARY_CLOUD_SQL_INSTANCE = module.database.connection_name
    TRIBUTARY_CLOUD_SQL_IP       = "PRIVATE"
    TRIBUTARY_DATABASE_POOL_SIZE = tostring(var.database_pool_size)
    PGDATABASE                   = module.database.database
  }

  intake_env = {
    TRIBUTARY_ROLE       = "intake"
    TRIBUTARY_PUBLIC_URL = local.urls.intake
    PGUSER               = module.database.users["intake"]
  }

  worker_env = {
    TRIBUTARY_ROLE = "worker"
    # Providers address intake: it is the URL that the worker registers webhooks with.
    TRIBUTARY_PUBLIC_URL    = local.urls.intake
    TRIBUTARY_WORKER_URL    = local.urls.worker
    TRIBUTARY_TASK_ACCOUNT  = module.identities.emails["scheduler"]
    TRIBUTARY_TASK_AUDIENCE = local.task_audience
    PGUSER                  = module.database.users["worker"]
  }

  control_env = {
    TRIBUTARY_ROLE = "control"
    # Providers address intake: it is the URL that control shows for a connection.
    TRIBUTARY_PUBLIC_URL = local.urls.intake
    PGUSER               = module.database.users["control"]
  }

  control_secret_env = {
    TRIBUTARY_API_TOKEN = { secret = module.secrets.api_token_secret, version = var.api_token_version }
  }

  schema_env = {
    GOOGLE_CLOUD_PROJECT        = var.project_id
    TRIBUTARY_BIGQUERY_DATASET  = module.warehouse.dataset_id
    TRIBUTARY_BIGQUERY_LOCATION = var.bigquery_location
  }

  most_connections = var.database_pool_size * (
    var.intake_instances.max + var.worker_instances.max + var.control_instances.max
  )
}

# Public: providers sign their requests and know nothing of IAM.
module "intake" {
  source = "../../modules/service"

  project_id            = var.project_id
  region                = var.region
  role                  = "intake"
  description           = "Takes webhooks."
  image                 = var.image
  service_account_email = module.identities.emails["intake"]
  env                   = merge(local.common_env, local.intake_env)
  network_id            = module.network.network_id
  subnetwork_id         = module.network.subnetwork_id
  labels                = local.labels
  deletion_protection   = var.deletion_protection
  ingress               = "INGRESS_TRAFFIC_ALL"
  check_invoker         = true
  invokers              = ["allUsers"]
  # Works on after it has answered: the slower store, the relay's clock, the watch on secrets.
  cpu_idle      = false
  min_instances = var.intake_instances.min
  max_instances = var.intake_instances.max
  concurrency   = 200
  # An answer is due within TRIBUTARY_ACCEPT_DEADLINE_MS; the rest is for slow senders.
  timeout_seconds = 60
  depends_on      = [module.bus, module.warehouse, module.secrets]
}

# Not on the internet. Cloud Scheduler of the same project counts as internal. Its token is checked by
# the worker itself, signature included, and Cloud Run would have taken the signature off.
module "worker" {
  source = "../../modules/service"

  project_id            = var.project_id
  region                = var.region
  role                  = "worker"
  description           = "Does scheduled tasks and consumes events."
  image                 = var.image
  service_account_email = module.identities.emails["worker"]
  env                   = merge(local.common_env, local.worker_env)
  network_id            = module.network.network_id
  subnetwork_id         = module.network.subnetwork_id
  labels                = local.labels
  deletion_protection   = var.deletion_protection
  ingress               = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  check_invoker         = false
  # Streaming pulls are no requests: without one the CPU would be taken away.
  cpu_idle        = false
  min_instances   = var.worker_instances.min
  max_instances   = var.worker_instances.max
  concurrency     = 20
  timeout_seconds = 900
  depends_on      = [module.bus, module.warehouse]
}

# Reached from anywhere, by those IAM names and who also have the API token.
module "control" {
  source = "../../modules/service"

  project_id            = var.project_id
  region                = var.region
  role                  = "control"
  description           = "Serves the API."
  image                 = var.image
  service_account_email = module.identities.emails["control"]
  env                   = merge(local.common_env, local.control_env)
  secret_env            = local.control_secret_env
  network_id            = module.network.network_id
  subnetwork_id         = module.network.subnetwork_id
  labels                = local.labels
  deletion_protection   = var.deletion_protection
  ingress               = "INGRESS_TRAFFIC_ALL"
  check_invoker         = true
  invokers              = var.operators
  # Everything it does belongs to a request; the live view is one that lasts.
  cpu_idle        = true
  min_instances   = var.control_instances.min
  max_instances   = var.control_instances.max
  concurrency     = 80
  timeout_seconds = 3600
  depends_on      = [module.bus, module.warehouse, module.secrets]
}

# `tributary schema apply`: views and row access policies, and columns a newer release adds. Started by
# hand after an apply: gcloud run jobs execute tributary-schema.
resource "google_cloud_run_v2_job" "schema" {
  project             = var.project_id
  name                = "tributary-schema"
  location            = var.region
  labels              = local.labels
  deletion_protection = var.deletion_protection

  template {
    template {
      service_account = module.identities.emails["schema"]
      max_retries     = 1
      timeout         = "600s"

      containers {
        image = var.image
        # Once a table has a row access policy, whoever is in none sees no rows: the services are in one.
        args = concat(
          ["schema", "apply", "--reader"],
          [for role in ["intake", "worker", "control"] : module.identities.members[role]],
        )

        resources {
          limits = {
            cpu    = "1"
            memory = "512Mi"
          }
        }

        dynamic "env" {
          for_each = local.schema_env

          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  depends_on = [module.warehouse]
}

check "database_connections" {
  assert {
    condition     = local.most_connections <= module.database.max_connections - 10
    error_message = "All instances together may open ${local.most_connections} connections, and the database takes ${module.database.max_connections}, of which it keeps some for itself. Lower database_pool_size or the most instances."
  }
}
