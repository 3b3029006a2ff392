output "jobs" {
  description = "Names of the jobs."
  value       = keys(google_cloud_scheduler_job.this)
}
