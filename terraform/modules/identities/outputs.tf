output "emails" {
  description = "Address of each account, by its short name."
  value       = { for name, account in google_service_account.this : name => account.email }
}

output "members" {
  description = "Each account as IAM names it, by its short name."
  value       = { for name, account in google_service_account.this : name => account.member }
}

output "names" {
  description = "Each account as a resource, by its short name."
  value       = { for name, account in google_service_account.this : name => account.name }
}
