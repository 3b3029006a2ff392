variable "project_id" {
  description = "Project of the environment."
  type        = string
}

variable "region" {
  description = "Region of the images: that of the services."
  type        = string
}

variable "kept_images" {
  description = "How many of the newest images are kept for good; others go after 30 days."
  type        = number
  default     = 10
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
}
