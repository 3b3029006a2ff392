output "webhook_url" {
  description = "Where providers send webhooks: add /webhooks/PROVIDER/CONNECTION."
  value       = local.urls.intake
}

output "api_url" {
  description = "Where the API is."
  value       = local.urls.control
}

output "image_repository" {
  description = "Where images are pushed to."
  value       = module.registry.repository
}

output "database_bootstrap_sql" {
  description = "Script that gives the services their rights in the database. To be run once, before the services start."
  value       = module.database.bootstrap_sql
}
