output "dashboard" {
  description = "The dashboard, as a resource name."
  value       = google_monitoring_dashboard.this.id
}
