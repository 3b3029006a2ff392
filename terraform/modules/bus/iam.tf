# Who publishes events, and asks whether it could.
resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.publishers

  project = var.project_id
  topic   = google_pubsub_topic.events.id
  role    = "roles/pubsub.publisher"
  member  = each.value
}

# Whoever accepts events may have to publish observations.
resource "google_pubsub_topic_iam_member" "observer" {
  for_each = var.publishers

  project = var.project_id
  topic   = google_pubsub_topic.observations.id
  role    = "roles/pubsub.publisher"
  member  = each.value
}

# topics.get: readiness asks for the topic before anything is published.
resource "google_pubsub_topic_iam_member" "publisher_view" {
  for_each = var.publishers

  project = var.project_id
  topic   = google_pubsub_topic.events.id
  role    = "roles/pubsub.viewer"
  member  = each.value
}

# topics.attachSubscription on one topic; see the role tributaryWatcher for the other half.
resource "google_pubsub_topic_iam_member" "events_watcher" {
  for_each = var.events_watchers

  project = var.project_id
  topic   = google_pubsub_topic.events.id
  role    = "roles/pubsub.subscriber"
  member  = each.value
}

resource "google_pubsub_topic_iam_member" "secret_events_watcher" {
  for_each = var.secret_events_watchers

  project = var.project_id
  topic   = google_pubsub_topic.secret_events.id
  role    = "roles/pubsub.subscriber"
  member  = each.value
}

# Secret Manager's own account publishes its notifications; creating a secret with this topic fails
# without it.
resource "google_pubsub_topic_iam_member" "secret_manager" {
  project = var.project_id
  topic   = google_pubsub_topic.secret_events.id
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
}

# Moving a message takes two permissions of Pub/Sub's own account: publish there, acknowledge here.
resource "google_pubsub_topic_iam_member" "dead_letter" {
  project = var.project_id
  topic   = google_pubsub_topic.dead_letter.id
  role    = "roles/pubsub.publisher"
  member  = local.service_agent
}

resource "google_pubsub_subscription_iam_member" "published_dead_letter" {
  for_each = google_pubsub_subscription.published

  project      = var.project_id
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.service_agent
}

resource "google_pubsub_subscription_iam_member" "consumer_dead_letter" {
  for_each = google_pubsub_subscription.consumer

  project      = var.project_id
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.service_agent
}

# The worker resolves observations, and asks how its subscription is set.
resource "google_pubsub_subscription_iam_member" "resolver" {
  for_each = toset(["roles/pubsub.subscriber", "roles/pubsub.viewer"])

  project      = var.project_id
  subscription = google_pubsub_subscription.resolver.name
  role         = each.key
  member       = var.consumer_member
}

# The worker keeps dead letters in the database, and asks how their subscription is set.
resource "google_pubsub_subscription_iam_member" "dead_letter_keeper" {
  for_each = toset(["roles/pubsub.subscriber", "roles/pubsub.viewer"])

  project      = var.project_id
  subscription = google_pubsub_subscription.dead_letter.name
  role         = each.key
  member       = var.consumer_member
}

# The worker reads its consumers' subscriptions and asks how they are set.
resource "google_pubsub_subscription_iam_member" "consumer" {
  for_each = google_pubsub_subscription.consumer

  project      = var.project_id
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = var.consumer_member
}

resource "google_pubsub_subscription_iam_member" "consumer_view" {
  for_each = google_pubsub_subscription.consumer

  project      = var.project_id
  subscription = each.value.name
  role         = "roles/pubsub.viewer"
  member       = var.consumer_member
}

# The worker moves what it gives up on by itself, with the reason; Pub/Sub's policy is for crashes.
resource "google_pubsub_topic_iam_member" "consumer_dead_letters" {
  project = var.project_id
  topic   = google_pubsub_topic.dead_letter.id
  role    = "roles/pubsub.publisher"
  member  = var.consumer_member
}

# The rows are written as an account of their own. With Pub/Sub's shared account as writer, everybody
# who may make a subscription in the project could write this table.
resource "google_bigquery_table_iam_member" "published_writer" {
  for_each = toset(["roles/bigquery.dataEditor", "roles/bigquery.metadataViewer"])

  project    = var.project_id
  dataset_id = var.published_table.dataset_id
  table_id   = var.published_table.table_id
  role       = each.key
  member     = "serviceAccount:${var.published_writer.email}"
}

# Lets Pub/Sub get tokens of that account, and of no other.
resource "google_service_account_iam_member" "published_writer_token" {
  service_account_id = var.published_writer.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.service_agent
}
