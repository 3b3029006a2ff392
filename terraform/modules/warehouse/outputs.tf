output "dataset_id" {
  description = "Name of the dataset."
  value       = google_bigquery_dataset.this.dataset_id
}

output "published_table" {
  description = "Table that the BigQuery subscription writes."
  value = {
    dataset_id = google_bigquery_dataset.this.dataset_id
    table_id   = google_bigquery_table.this["integration_events_published"].table_id
  }
}
