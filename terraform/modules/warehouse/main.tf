# Dataset and tables. The columns are generated from schemas/tables.ts into schemas/*.json; what stands
# beside them in tables.tf is compared with the same declaration by a test.
#
# Views and row access policies are not here: `tributary schema apply` makes them, after the tables.
# The row policies ask a membership table who may see what, and the provider's resource for them
# refuses predicates that name another table.

resource "google_bigquery_dataset" "this" {
  project                    = var.project_id
  dataset_id                 = var.dataset_id
  location                   = var.location
  description                = "Tributary: the outbox of integration events and what belongs to it."
  labels                     = { product = "tributary" }
  delete_contents_on_destroy = false
}

resource "google_bigquery_table" "this" {
  for_each = local.tables

  project                  = var.project_id
  dataset_id               = google_bigquery_dataset.this.dataset_id
  table_id                 = each.key
  description              = each.value.description
  labels                   = each.value.labels
  schema                   = file("${path.module}/schemas/${each.key}.json")
  clustering               = each.value.cluster_by
  require_partition_filter = try(each.value.partition.filter_required, false)
  deletion_protection      = var.deletion_protection

  # By the day of receipt, never by a provider's date: BigQuery refuses rows whose day is more than ten
  # years ago or one year ahead.
  dynamic "time_partitioning" {
    for_each = each.value.partition == null ? [] : [each.value.partition]
    iterator = partition

    content {
      type          = partition.value.unit
      field         = partition.value.by
      expiration_ms = partition.value.expiration_days == null ? null : partition.value.expiration_days * 24 * 3600 * 1000
    }
  }
}
