variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "notification_channels" {
  description = "Who is told, as resource names of notification channels. Empty: incidents show in the console only."
  type        = list(string)
}

variable "services" {
  description = "Names of the Cloud Run services."
  type        = list(string)
}

variable "published_subscriptions" {
  description = "Names of the BigQuery subscriptions."
  type        = list(string)
}

variable "resolver_subscription" {
  description = "Name of the resolver's subscription."
  type        = string
}

variable "consumer_subscriptions" {
  description = "Names of the consumers' subscriptions."
  type        = list(string)
  default     = []
}

variable "dead_letter_subscription" {
  description = "Name of the subscription that keeps dead letters."
  type        = string
}

variable "database_instance" {
  description = "Name of the Cloud SQL instance."
  type        = string
}

variable "backlog_age_minutes" {
  description = "How long a message may wait before somebody is told."
  type        = number
  default     = 10
}

variable "error_share" {
  description = "Share of answers with 5xx, 0 to 1, above which somebody is told."
  type        = number
  default     = 0.01

  validation {
    condition     = var.error_share > 0 && var.error_share < 1
    error_message = "A share between 0 and 1 is expected."
  }
}
