# The product's own jobs: services/tasks/jobs.ts. A test compares names, schedules and tasks.

locals {
  jobs = {
    "ledger-cleanup"     = { schedule = "17 * * * *", task = "ledger-cleanup" }
    "replay-sweep"       = { schedule = "* * * * *", task = "replay-sweep" }
    "reconcile"          = { schedule = "*/5 * * * *", task = "reconcile" }
    "reconcile-deep"     = { schedule = "42 3 * * *", task = "reconcile-deep" }
    "canary"             = { schedule = "* * * * *", task = "canary" }
    "connection-changes" = { schedule = "* * * * *", task = "connection-changes" }
    "spool-drain"        = { schedule = "* * * * *", task = "spool-drain" }
    "webhook-renewal"    = { schedule = "*/5 * * * *", task = "webhook-renewal" }
    "ledger-export"      = { schedule = "* * * * *", task = "ledger-export" }
  }
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local.jobs

  project = var.project_id
  region  = var.region
  # The prefix by which the Cloud Scheduler driver tells the product's jobs from others.
  name             = "tributary-${each.key}"
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${var.attempt_deadline_seconds}s"

  retry_config {
    retry_count          = 3
    min_backoff_duration = "5s"
    max_backoff_duration = "3600s"
    max_doublings        = 5
  }

  http_target {
    http_method = "POST"
    uri         = "${var.worker_url}/tasks/${each.value.task}"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = var.service_account_email
      audience              = var.audience
    }
  }
}
