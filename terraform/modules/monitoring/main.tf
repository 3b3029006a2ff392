# Alerts on what ends in lost or late events, and one dashboard. Each policy says what to look at first.

locals {
  minute = 60
  # Subscriptions that must keep up. Those of watches come and go and are not among them.
  working_subscriptions = concat(var.published_subscriptions, [var.resolver_subscription], var.consumer_subscriptions)
  one_of_published      = "one_of(${join(", ", [for name in var.published_subscriptions : "\"${name}\""])})"
  one_of_working        = "one_of(${join(", ", [for name in local.working_subscriptions : "\"${name}\""])})"
  one_of_services       = "one_of(${join(", ", [for name in var.services : "\"${name}\""])})"
}

# A BigQuery subscription has no metric of its state. What shows is that writes are answered by other
# codes than success: permission_denied, not_found, invalid_argument for a schema that does not fit. In
# that state nothing goes to the dead-letter topic; messages wait and are lost after the subscription's
# retention of 7 days.
resource "google_monitoring_alert_policy" "published_subscription" {
  project               = var.project_id
  display_name          = "Tributary: BigQuery subscription does not write"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels

  conditions {
    display_name = "Writes are refused"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = ${local.one_of_published} AND metric.type = \"pubsub.googleapis.com/subscription/push_request_count\" AND metric.labels.response_code != \"success\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "${5 * local.minute}s"

      aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.labels.response_code"]
      }
    }
  }

  conditions {
    display_name = "Nothing was written for half an hour"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = ${local.one_of_published} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = 30 * local.minute
      duration        = "0s"

      aggregations {
        alignment_period   = "${local.minute}s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "See the state of each, ${join(" and ", var.published_subscriptions)}: `gcloud pubsub subscriptions describe NAME --format='value(bigqueryConfig.state)'`. PERMISSION_DENIED: the bindings of the account tributary-published. NOT_FOUND or SCHEMA_MISMATCH: the table integration_events_published. Messages wait for 7 days."
  }
}

resource "google_monitoring_alert_policy" "backlog" {
  project               = var.project_id
  display_name          = "Tributary: a subscription is behind"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels

  conditions {
    display_name = "Oldest message waits too long"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = ${local.one_of_working} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.backlog_age_minutes * local.minute
      duration        = "${5 * local.minute}s"

      aggregations {
        alignment_period   = "${local.minute}s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Look for errors in the worker's log, then whether it has reached its most instances."
  }
}

resource "google_monitoring_alert_policy" "dead_letters" {
  project               = var.project_id
  display_name          = "Tributary: dead letters"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "A message was given up"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.given_up.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  conditions {
    display_name = "What Pub/Sub gave up is not kept"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${var.dead_letter_subscription}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = 15 * local.minute
      duration        = "0s"

      aggregations {
        alignment_period   = "${local.minute}s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "See them with `npx tributary dead-letters list --state open`, mend the cause, then `npx tributary dead-letters retry`. A message of ${var.dead_letter_subscription} that is not kept waits for the worker or the database, for 31 days."
  }
}

# One line in ten seconds at most, however many messages are given up.
resource "google_logging_metric" "given_up" {
  project     = var.project_id
  name        = "tributary/given-up"
  description = "Messages that a consumer or a subscription gave up; they are kept as dead letters."
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.msg=~\"it is a dead letter now\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_logging_metric" "stopped" {
  project     = var.project_id
  name        = "tributary/consumer-stopped"
  description = "Consumers that stopped the line: they take no messages until they are resumed."
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.msg=~\"and takes no more messages\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "stopped" {
  project               = var.project_id
  display_name          = "Tributary: a consumer has stopped the line"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels

  conditions {
    display_name = "A consumer takes no more messages"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.stopped.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "`npx tributary consumers list` shows which, why and at which event. Mend that, then `npx tributary consumers resume NAME`. Its messages wait in Pub/Sub for 7 days."
  }
}

resource "google_monitoring_alert_policy" "server_errors" {
  project               = var.project_id
  display_name          = "Tributary: a service answers with errors"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "Share of 5xx answers"

    condition_threshold {
      filter             = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = ${local.one_of_services} AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = ${local.one_of_services} AND metric.type = \"run.googleapis.com/request_count\""
      comparison         = "COMPARISON_GT"
      threshold_value    = var.error_share
      duration           = "${5 * local.minute}s"

      aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.service_name"]
      }

      denominator_aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.service_name"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "503 of intake is `not_durable`: no store confirmed, and senders try again. The service's log names the store."
  }
}

# What the spool's fill will be once there is one; until then these two messages are the signal that
# accepted events wait to be carried, or that events could not be accepted.
resource "google_logging_metric" "not_carried" {
  project     = var.project_id
  name        = "tributary/not-carried"
  description = "Rounds in which the relay could not carry what waits in the outbox."
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.msg=\"The relay could not finish a round; the next one tries again.\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_logging_metric" "not_durable" {
  project     = var.project_id
  name        = "tributary/not-durable"
  description = "Requests that no durable store confirmed in time; their senders were told to try again."
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.code=\"not_durable\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "not_durable" {
  project               = var.project_id
  display_name          = "Tributary: events are not stored or not carried"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels

  conditions {
    display_name = "The relay cannot carry what waits"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.not_carried.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "${5 * local.minute}s"

      aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  conditions {
    display_name = "Senders are told to try again"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.not_durable.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "${2 * local.minute}s"

      aggregations {
        alignment_period     = "${local.minute}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Nothing acknowledged is lost. See whether Pub/Sub, BigQuery or the database does not answer: intake's log names the check that fails."
  }
}

resource "google_monitoring_alert_policy" "database" {
  project               = var.project_id
  display_name          = "Tributary: the database is short of room"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels

  dynamic "conditions" {
    for_each = { disk = 0.85, cpu = 0.9, memory = 0.95 }
    iterator = resource_kind

    content {
      display_name = "${resource_kind.key} above ${resource_kind.value * 100} %"

      condition_threshold {
        filter          = "resource.type = \"cloudsql_database\" AND resource.labels.database_id = \"${var.project_id}:${var.database_instance}\" AND metric.type = \"cloudsql.googleapis.com/database/${resource_kind.key}/utilization\""
        comparison      = "COMPARISON_GT"
        threshold_value = resource_kind.value
        duration        = "${10 * local.minute}s"

        aggregations {
          alignment_period   = "${local.minute}s"
          per_series_aligner = "ALIGN_MEAN"
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The disk grows by itself; look for a table that grows without end. For CPU and memory choose a larger `database_tier`."
  }
}

# Cloud Scheduler has no metric of failed attempts; its log has a line for each.
resource "google_logging_metric" "job_failed" {
  project     = var.project_id
  name        = "tributary/job-failed"
  description = "Attempts of scheduled jobs that did not end with 2xx."
  filter      = "resource.type=\"cloud_scheduler_job\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key         = "job"
      value_type  = "STRING"
      description = "Name of the job."
    }
  }

  label_extractors = {
    job = "EXTRACT(resource.labels.job_id)"
  }
}

resource "google_monitoring_alert_policy" "jobs" {
  project               = var.project_id
  display_name          = "Tributary: a scheduled job fails"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels

  conditions {
    display_name = "More failures in an hour than one run's retries"

    condition_threshold {
      filter          = "resource.type = \"cloud_scheduler_job\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.job_failed.name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 3
      duration        = "0s"

      aggregations {
        alignment_period     = "${60 * local.minute}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["metric.labels.job"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "401 or 403: TRIBUTARY_TASK_AUDIENCE and TRIBUTARY_TASK_ACCOUNT of the worker, and its setting check_invoker. 5xx: the worker's log."
  }
}
