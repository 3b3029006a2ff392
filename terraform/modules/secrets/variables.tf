variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "project_number" {
  description = "Number of the project: IAM conditions on secrets name it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "A project number has digits only."
  }
}

variable "region" {
  description = "Where the API token is kept."
  type        = string
}

variable "prefix" {
  description = "Beginning of the tenants' secret ids, TRIBUTARY_SECRET_PREFIX."
  type        = string
  default     = "tributary"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,30}$", var.prefix))
    error_message = "A letter, then up to 30 letters, digits and hyphens."
  }
}

variable "labels" {
  description = "Labels of the API token."
  type        = map(string)
  default     = {}
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the API token."
  type        = bool
  default     = true
}

variable "readers" {
  description = "IAM members that read the tenants' secrets, by any name."
  type        = map(string)
}

variable "refresher" {
  description = "IAM member that adds, disables and destroys versions of secrets that are there."
  type        = string
}

variable "keeper" {
  description = "IAM member that also creates secrets, adds, disables and destroys versions, and reads the API token."
  type        = string
}
