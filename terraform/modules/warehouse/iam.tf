# Appending needs tables.get and tables.updateData. No predefined role has them without reading and
# changing rows, so it is given on single tables only.
resource "google_bigquery_table_iam_member" "appender" {
  for_each = merge([
    for name, appender in var.appenders : {
      for table in appender.tables : "${name}/${table}" => { member = appender.member, table = table }
    }
  ]...)

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  table_id   = google_bigquery_table.this[each.value.table].table_id
  role       = "roles/bigquery.dataEditor"
  member     = each.value.member
}

# Readiness looks at every table's columns: metadata, no rows.
resource "google_bigquery_dataset_iam_member" "metadata_viewer" {
  for_each = var.appenders

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.metadataViewer"
  member     = each.value.member
}

# On the dataset and not on tables: the views they read are made by `tributary schema apply`. Row
# access policies decide besides which rows a person sees.
resource "google_bigquery_dataset_iam_member" "reader" {
  for_each = var.readers

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}

# Makes views and row access policies, which needs the owner's role; of this dataset only.
resource "google_bigquery_dataset_iam_member" "schema_keeper" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataOwner"
  member     = var.schema_keeper
}
