variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "project_number" {
  description = "Number of the project: Google's own accounts are named by it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "A project number has digits only."
  }
}

variable "events_retention_days" {
  description = "How long the events topic keeps what it carried, 7 to 31."
  type        = number
  default     = 7

  validation {
    condition     = var.events_retention_days >= 7 && var.events_retention_days <= 31
    error_message = "Pub/Sub keeps messages for at most 31 days, and the relay needs 7."
  }
}

variable "publishers" {
  description = "IAM members that publish events, by any name."
  type        = map(string)
}

variable "events_watchers" {
  description = "IAM members that may watch the events topic, by any name."
  type        = map(string)
}

variable "secret_events_watchers" {
  description = "IAM members that may watch the notifications of changed secrets, by any name."
  type        = map(string)
}

variable "consumers" {
  description = "Names of the consumers' subscriptions, as the code subscribes to them."
  type        = set(string)
  default     = []
}

variable "consumer_member" {
  description = "IAM member that reads the consumers' subscriptions."
  type        = string
}

variable "published_table" {
  description = "Table that the BigQuery subscription writes."
  type        = object({ dataset_id = string, table_id = string })
}

variable "published_writer" {
  description = "Service account that it writes as: its address and its resource name."
  type        = object({ email = string, name = string })
}
