variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "region" {
  description = "Region of the services."
  type        = string
}

variable "name" {
  description = "Name of the network, and beginning of its parts' names."
  type        = string
  default     = "tributary"
}

variable "services_cidr" {
  description = "Addresses of the services' instances."
  type        = string
  default     = "10.10.0.0/24"

  validation {
    condition     = can(cidrhost(var.services_cidr, 0)) && tonumber(split("/", var.services_cidr)[1]) <= 26
    error_message = "Cloud Run needs a range of /26 or larger, such as 10.10.0.0/24."
  }
}
