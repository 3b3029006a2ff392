variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "dataset_id" {
  description = "Name of the dataset."
  type        = string
  default     = "tributary"

  validation {
    condition     = can(regex("^[A-Za-z0-9_]{1,1024}$", var.dataset_id))
    error_message = "A dataset's name has letters, digits and underscores only."
  }
}

variable "location" {
  description = "Where the dataset is, such as EU, US or europe-west1. Cannot be changed later."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete a table."
  type        = bool
  default     = true
}

variable "appenders" {
  description = "Who appends to which tables, by any name."
  type        = map(object({ member = string, tables = set(string) }))
}

variable "readers" {
  description = "IAM members that read all tables and views, by any name."
  type        = map(string)
}

variable "schema_keeper" {
  description = "IAM member that runs `tributary schema apply`."
  type        = string
}
