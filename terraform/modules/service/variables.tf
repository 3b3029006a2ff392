variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "region" {
  description = "Region of the service."
  type        = string
}

variable "role" {
  description = "What the service does, TRIBUTARY_ROLE."
  type        = string

  validation {
    condition     = contains(["intake", "worker", "control"], var.role)
    error_message = "intake, worker or control is expected."
  }
}

variable "description" {
  description = "One line for the console."
  type        = string
}

variable "image" {
  description = "Image with tag or digest."
  type        = string

  validation {
    condition     = can(regex("(:[^/:]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Name the image with a tag or a digest, and not with latest: a revision must stay what it was."
  }
}

variable "service_account_email" {
  description = "Account the service acts as."
  type        = string
}

variable "env" {
  description = "Environment variables; docs/operations.md lists all there are."
  type        = map(string)
}

variable "secret_env" {
  description = "Environment variables whose value is a version of a secret."
  type        = map(object({ secret = string, version = string }))
  default     = {}
}

variable "network_id" {
  description = "Network through which the database is reached."
  type        = string
}

variable "subnetwork_id" {
  description = "Where instances get their private addresses."
  type        = string
}

variable "ingress" {
  description = "From where requests may come."
  type        = string

  validation {
    condition     = contains(["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], var.ingress)
    error_message = "Not an ingress setting of Cloud Run."
  }
}

variable "check_invoker" {
  description = <<-EOT
    Whether Cloud Run asks IAM who may call. When it does, it hands the caller's token on without its
    signature; a service that checks the signature itself must turn this off and keep its ingress
    internal.
  EOT
  type        = bool

  validation {
    condition     = var.check_invoker || var.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "A service open to the internet keeps Cloud Run's check; a public one names allUsers as invoker."
  }
}

variable "invokers" {
  description = "IAM members that may call the service."
  type        = set(string)
  default     = []
}

variable "cpu_idle" {
  description = "Whether the CPU is taken away between requests. Not for roles that work after an answer: publishing, streaming pulls, timers."
  type        = bool
}

variable "cpu" {
  description = "CPUs of an instance."
  type        = string
  default     = "1"
}

variable "memory" {
  description = "Memory of an instance."
  type        = string
  default     = "1Gi"
}

variable "min_instances" {
  description = "Instances that are always there."
  type        = number
}

variable "max_instances" {
  description = "Most instances. Each has TRIBUTARY_DATABASE_POOL_SIZE connections to the database."
  type        = number
}

variable "concurrency" {
  description = "Requests an instance gets at once."
  type        = number
}

variable "timeout_seconds" {
  description = "Longest request."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 3600
    error_message = "Cloud Run takes 1 to 3600 seconds."
  }
}

variable "labels" {
  description = "Labels of the service."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the service."
  type        = bool
  default     = true
}
