locals {
  subscription_filter = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = ${local.one_of_working}"
  service_filter      = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = ${local.one_of_services}"
  database_filter     = "resource.type = \"cloudsql_database\" AND resource.labels.database_id = \"${var.project_id}:${var.database_instance}\""

  charts = [
    { title = "Requests a second, by service and class", filter = "${local.service_filter} AND metric.type = \"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group_by = ["resource.labels.service_name", "metric.labels.response_code_class"] },
    { title = "Latency, 99th percentile, by service", filter = "${local.service_filter} AND metric.type = \"run.googleapis.com/request_latencies\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", group_by = ["resource.labels.service_name"] },
    { title = "Instances, by service", filter = "${local.service_filter} AND metric.type = \"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group_by = ["resource.labels.service_name"] },
    { title = "Messages published a second", filter = "resource.type = \"pubsub_topic\" AND resource.labels.topic_id = \"integration-events\" AND metric.type = \"pubsub.googleapis.com/topic/send_request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group_by = ["metric.labels.response_code"] },
    { title = "Oldest message not acknowledged, by subscription", filter = "${local.subscription_filter} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group_by = ["resource.labels.subscription_id"] },
    { title = "Writes of the BigQuery subscriptions, by answer", filter = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = ${local.one_of_published} AND metric.type = \"pubsub.googleapis.com/subscription/push_request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group_by = ["metric.labels.response_code"] },
    { title = "Lines about messages given up, a minute", filter = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.given_up.name}\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group_by = ["resource.labels.service_name"] },
    { title = "Not durable, a minute", filter = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.not_durable.name}\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group_by = ["resource.labels.service_name"] },
    { title = "Database CPU", filter = "${local.database_filter} AND metric.type = \"cloudsql.googleapis.com/database/cpu/utilization\"", aligner = "ALIGN_MEAN", reducer = "REDUCE_MAX", group_by = ["resource.labels.database_id"] },
    { title = "Database connections", filter = "${local.database_filter} AND metric.type = \"cloudsql.googleapis.com/database/postgresql/num_backends\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group_by = ["resource.labels.database_id"] },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "Tributary"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, chart in local.charts : {
          xPos   = 6 * (index % 2)
          yPos   = 4 * floor(index / 2)
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.group_by
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })
}
