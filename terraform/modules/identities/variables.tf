variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "dynamic_jobs" {
  description = "Whether control makes scheduled jobs of its own, one for each polled connection. Off until the release in use does."
  type        = bool
  default     = false
}
