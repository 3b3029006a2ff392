variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "region" {
  description = "Region of the jobs, GOOGLE_CLOUD_LOCATION."
  type        = string
}

variable "worker_url" {
  description = "Origin of the worker, TRIBUTARY_WORKER_URL."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+$", var.worker_url))
    error_message = "https:// and a host are expected, without a slash at the end."
  }
}

variable "service_account_email" {
  description = "Account that signs the calls, TRIBUTARY_TASK_ACCOUNT."
  type        = string
}

variable "audience" {
  description = "Audience of the tokens, TRIBUTARY_TASK_AUDIENCE."
  type        = string
}

variable "attempt_deadline_seconds" {
  description = "How long a call may take. Not longer than the worker's own limit of a request."
  type        = number
  default     = 900

  validation {
    condition     = var.attempt_deadline_seconds >= 15 && var.attempt_deadline_seconds <= 1800
    error_message = "Cloud Scheduler takes 15 to 1800 seconds."
  }
}
