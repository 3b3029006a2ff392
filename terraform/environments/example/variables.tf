variable "project_id" {
  description = "Project of this environment. It holds nothing else."
  type        = string
}

variable "region" {
  description = "Region of services, database, jobs and images."
  type        = string
}

variable "bigquery_location" {
  description = "Where the dataset is: EU, US or a region. Cannot be changed later."
  type        = string
}

variable "image" {
  description = "Image that all services run, with tag or digest."
  type        = string
}

variable "tenant_id" {
  description = "The customer this installation serves. Part of every event id: never change it."
  type        = string
  default     = "default"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.tenant_id))
    error_message = "1 to 64 letters, digits, underscores and hyphens."
  }
}

variable "secret_prefix" {
  description = "Beginning of the tenants' secret ids."
  type        = string
  default     = "tributary"
}

variable "api_token_version" {
  description = "Version of the secret tributary-api-token that control takes its API token from. Raise it to change the token."
  type        = string
  default     = "1"
}

variable "operators" {
  description = "IAM members that may call the API, such as user:ada@example.com or group:ops@example.com. They also need the API token."
  type        = set(string)

  validation {
    condition     = length(setintersection(var.operators, ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "The API is not public. Name people, groups or service accounts."
  }
}

variable "analysts" {
  description = "IAM members that may query the dataset. Which rows they see is decided by the table analyst_access."
  type        = set(string)
  default     = []
}

variable "alert_email" {
  description = "Address that alerts are sent to. Null: they show in the console only."
  type        = string
  default     = null
}

variable "consumers" {
  description = "Names of the consumers' subscriptions. The release in use has none of its own."
  type        = set(string)
  default     = []
}

variable "database_tier" {
  description = "Machine of the database."
  type        = string
  default     = "db-custom-1-3840"
}

variable "database_high_availability" {
  description = "Whether a second machine in another zone stands by. Doubles the database's price."
  type        = bool
  default     = true
}

variable "database_pool_size" {
  description = "Most connections that one instance of a service has to the database."
  type        = number
  default     = 5
}

variable "intake_instances" {
  description = "Fewest and most instances of intake. Two at least, so that the loss of one is not seen."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 10 }
}

variable "worker_instances" {
  description = "Fewest and most instances of the worker."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 4 }
}

variable "control_instances" {
  description = "Fewest and most instances of control. With 0 the first call of the API after a pause takes some seconds."
  type        = object({ min = number, max = number })
  default     = { min = 0, max = 3 }
}

variable "log_level" {
  description = "Least severe log line that is written."
  type        = string
  default     = "info"
}

variable "deletion_protection" {
  description = "Whether database, tables, services and the API token refuse to be deleted. Turn it off and apply before a destroy."
  type        = bool
  default     = true
}
