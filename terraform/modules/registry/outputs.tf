output "repository" {
  description = "Where images are pushed to: add /NAME:TAG."
  value       = "${google_artifact_registry_repository.this.location}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
}
