output "api_token_secret" {
  description = "Id of the secret that holds the API token. The binding that opens it to control stands before this is known."
  value       = google_secret_manager_secret.api_token.secret_id
  depends_on  = [google_secret_manager_secret_iam_member.api_token]
}
