# Access to the secrets that the product keeps for its tenants, and the one secret it is given itself.
# No value stands here or in Terraform's state: control writes the tenants' secrets, the worker
# refreshes tokens, and an operator adds the API token by hand, see docs/deploy.md.

locals {
  # IAM knows secrets by the project's number. "_-" is how the code writes the slash that ends a prefix:
  # without it the prefix "acme" would also open the secrets of "acme-staging". A condition does not
  # narrow what a list of secrets shows, so nobody here gets the permission to list them.
  tenant_secrets = {
    title       = "${var.prefix}-secrets-only"
    description = "Secrets of this installation, and their versions."
    expression  = "resource.name.startsWith(\"projects/${var.project_number}/secrets/${var.prefix}_-\")"
  }
}

resource "google_project_iam_custom_role" "reader" {
  project     = var.project_id
  role_id     = "tributarySecretReader"
  title       = "Tributary secret reader"
  description = "Finds the latest enabled version of a secret and reads it."
  permissions = [
    "secretmanager.versions.access",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
  ]
}

resource "google_project_iam_custom_role" "keeper" {
  project     = var.project_id
  role_id     = "tributarySecretKeeper"
  title       = "Tributary secret keeper"
  description = "Reads, adds, disables and destroys versions."
  permissions = [
    "secretmanager.secrets.get",
    "secretmanager.versions.access",
    "secretmanager.versions.add",
    "secretmanager.versions.destroy",
    "secretmanager.versions.disable",
    "secretmanager.versions.enable",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
  ]
}

# Creating is a permission on the project, as the secret is not there yet: a condition on the secret's
# name would never hold. Whoever has only this can read nothing.
resource "google_project_iam_custom_role" "creator" {
  project     = var.project_id
  role_id     = "tributarySecretCreator"
  title       = "Tributary secret creator"
  description = "Creates secrets."
  permissions = ["secretmanager.secrets.create"]
}

# On the project, as the secrets of new connections are not known to Terraform; the condition makes it
# as narrow as a binding on each of them.
resource "google_project_iam_member" "reader" {
  for_each = var.readers

  project = var.project_id
  role    = google_project_iam_custom_role.reader.name
  member  = each.value

  condition {
    title       = local.tenant_secrets.title
    description = local.tenant_secrets.description
    expression  = local.tenant_secrets.expression
  }
}

resource "google_project_iam_member" "keeper" {
  project = var.project_id
  role    = google_project_iam_custom_role.keeper.name
  member  = var.keeper

  condition {
    title       = local.tenant_secrets.title
    description = local.tenant_secrets.description
    expression  = local.tenant_secrets.expression
  }
}

# Stores refreshed tokens as new versions, destroys the old ones, and creates nothing.
resource "google_project_iam_member" "refresher" {
  project = var.project_id
  role    = google_project_iam_custom_role.keeper.name
  member  = var.refresher

  condition {
    title       = local.tenant_secrets.title
    description = local.tenant_secrets.description
    expression  = local.tenant_secrets.expression
  }
}

resource "google_project_iam_member" "creator" {
  project = var.project_id
  role    = google_project_iam_custom_role.creator.name
  member  = var.keeper
}

# Its name holds no "_-", so that no prefix of tenants' secrets can begin it: intake must not read it.
resource "google_secret_manager_secret" "api_token" {
  project             = var.project_id
  secret_id           = "tributary-api-token"
  deletion_protection = var.deletion_protection
  labels              = var.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

resource "google_secret_manager_secret_iam_member" "api_token" {
  project   = var.project_id
  secret_id = google_secret_manager_secret.api_token.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = var.keeper
}
