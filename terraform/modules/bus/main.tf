# Topics and subscriptions. Their names are constants of the code: schemas/topics.ts.

locals {
  week_seconds      = 7 * 24 * 3600
  longest_retention = "${31 * 24 * 3600}s" # Pub/Sub's bound

  # Subscriptions that write proof of passage, and the topic of each.
  published = {
    "integration-events-published"       = google_pubsub_topic.events.id
    "integration-observations-published" = google_pubsub_topic.observations.id
  }

  # Google's own account that moves messages to the dead-letter topic and writes BigQuery subscriptions.
  service_agent = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

# Every accepted event. Kept for a week also where every subscription has it: together with the outbox
# it is one of the two stores an event is acknowledged on, and the relay must find it here.
resource "google_pubsub_topic" "events" {
  project                    = var.project_id
  name                       = "integration-events"
  message_retention_duration = "${var.events_retention_days * 24 * 3600}s"
}

# Observations: what a provider told before it is known what it means. The worker's resolver reads them
# and publishes what they mean to the events topic. An event may be acknowledged on this topic too.
resource "google_pubsub_topic" "observations" {
  project                    = var.project_id
  name                       = "integration-observations"
  message_retention_duration = "${var.events_retention_days * 24 * 3600}s"
}

resource "google_pubsub_topic" "dead_letter" {
  project = var.project_id
  name    = "integration-events-dead-letter"
}

# A dead-letter topic without a subscription loses what it gets. The worker keeps it in the database,
# where it is listed and tried again; here it waits only while the worker or the database is away.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project_id
  name                       = "integration-events-dead-letter"
  topic                      = google_pubsub_topic.dead_letter.id
  ack_deadline_seconds       = 60
  enable_message_ordering    = true
  message_retention_duration = local.longest_retention

  # No end of attempts: what is not kept would be lost.
  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  expiration_policy {
    ttl = "" # never
  }
}

# Secret Manager tells of new versions here. Nothing is kept: a process that is not there has no copy.
resource "google_pubsub_topic" "secret_events" {
  project = var.project_id
  name    = "secret-events"
}

# Proof of passage: what the two topics carried, as rows, without any code of ours between.
resource "google_pubsub_subscription" "published" {
  for_each = local.published

  project                    = var.project_id
  name                       = each.key
  topic                      = each.value
  message_retention_duration = "${local.week_seconds}s"

  bigquery_config {
    table = "${var.project_id}.${var.published_table.dataset_id}.${var.published_table.table_id}"
    # message_id, publish_time, attributes and subscription_name beside the body. Neither schema flag: the
    # whole body lands in the column `data`. A table schema would lose the payload, an object that fits
    # no column, and the outbox is completed from here.
    write_metadata        = true
    use_table_schema      = false
    use_topic_schema      = false
    drop_unknown_fields   = false
    service_account_email = var.published_writer.email
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
    max_delivery_attempts = 10
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = "" # never
  }

  # Pub/Sub tries the writer's access when the subscription is made.
  depends_on = [
    google_bigquery_table_iam_member.published_writer,
    google_service_account_iam_member.published_writer_token,
  ]
}

# The resolver gives up nothing: what it cannot resolve now it gets again, and only the observations of
# the same entity wait behind it.
resource "google_pubsub_subscription" "resolver" {
  project                    = var.project_id
  name                       = "resolver"
  topic                      = google_pubsub_topic.observations.id
  ack_deadline_seconds       = 60
  enable_message_ordering    = true
  message_retention_duration = "${local.week_seconds}s"

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  expiration_policy {
    ttl = "" # never
  }
}

# How often a message is tried is counted by the consumer, in the database: 10 attempts unless it says
# otherwise, and none while infrastructure is away. Pub/Sub counts every delivery, also those that were
# handed back for an outage, a restart or an earlier message of the key, so its own end is as far away as
# it can be. It is for a message that ends the process before anything can be counted. An outage does not
# reach it: a message waits in the worker for up to 10 minutes for each delivery. The first retries come
# soon, since the key waits behind them; the longest back-off bounds what an outage costs.
# The code makes none of these in a project: a consumer's subscription is named here first.
resource "google_pubsub_subscription" "consumer" {
  for_each = var.consumers

  project                    = var.project_id
  name                       = each.key
  topic                      = google_pubsub_topic.events.id
  ack_deadline_seconds       = 60
  enable_message_ordering    = true
  message_retention_duration = "${local.week_seconds}s"

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
    max_delivery_attempts = 100 # Pub/Sub's most
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = "" # never
  }
}
