output "secret_events_topic" {
  description = "Topic of the notifications of changed secrets, as a resource name."
  value       = google_pubsub_topic.secret_events.id
}

output "published_subscriptions" {
  description = "Names of the BigQuery subscriptions."
  value       = [for subscription in google_pubsub_subscription.published : subscription.name]
}

output "resolver_subscription" {
  description = "Name of the resolver's subscription."
  value       = google_pubsub_subscription.resolver.name
}

output "dead_letter_subscription" {
  description = "Name of the subscription that keeps dead letters."
  value       = google_pubsub_subscription.dead_letter.name
}

output "consumer_subscriptions" {
  description = "Names of the consumers' subscriptions."
  value       = [for subscription in google_pubsub_subscription.consumer : subscription.name]
}
