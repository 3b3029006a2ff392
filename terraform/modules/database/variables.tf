variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "region" {
  description = "Region of the instance: that of the services."
  type        = string
}

variable "name" {
  description = "Name of the instance. The name of a deleted one stays taken for about a week."
  type        = string
  default     = "tributary"
}

variable "database_version" {
  description = "Postgres, 15 or newer. The bootstrap script needs a CREATEROLE that reaches every role, which 16 took away; it has been run on 15."
  type        = string
  default     = "POSTGRES_15"

  validation {
    condition     = can(regex("^POSTGRES_(1[5-9]|[2-9][0-9])$", var.database_version))
    error_message = "POSTGRES_15 or newer is expected."
  }
}

variable "tier" {
  description = "Machine of the instance, for edition ENTERPRISE."
  type        = string
  default     = "db-custom-1-3840"

  validation {
    condition     = !startswith(var.tier, "db-perf-optimized-")
    error_message = "Tiers db-perf-optimized-N-* exist in edition ENTERPRISE_PLUS only; this module uses ENTERPRISE."
  }
}

variable "high_availability" {
  description = "Whether a second machine in another zone stands by. Doubles the price."
  type        = bool
  default     = true
}

variable "max_connections" {
  description = "Most connections at once. Each takes memory."
  type        = number
  default     = 100
}

variable "network_id" {
  description = "Network in which the instance gets its private address. The peering with Google's network must stand."
  type        = string
}

variable "users" {
  description = "Addresses of the service accounts that log in, by any name."
  type        = map(string)
}

variable "labels" {
  description = "Labels of the instance."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete the instance."
  type        = bool
  default     = true
}
