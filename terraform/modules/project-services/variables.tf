variable "project_id" {
  description = "Project of the environment."
  type        = string
}
