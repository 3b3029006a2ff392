output "connection_name" {
  description = "project:region:instance, for the Cloud SQL connector."
  value       = google_sql_database_instance.this.connection_name
}

output "instance" {
  description = "Name of the instance."
  value       = google_sql_database_instance.this.name
}

output "database" {
  description = "Name of the database."
  value       = google_sql_database.this.name
}

output "users" {
  description = "Name each service logs in by, by the name it was given."
  value       = { for name, user in google_sql_user.service : name => user.name }
}

output "max_connections" {
  description = "Most connections at once."
  value       = var.max_connections
}

output "bootstrap_sql" {
  description = "Script that gives the services their rights in the database. To be run once."
  value = templatefile("${path.module}/bootstrap.sql.tftpl", {
    database = google_sql_database.this.name
    users    = [for user in google_sql_user.service : user.name]
  })
}
