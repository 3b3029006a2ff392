terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
  }

  # The bucket is named at `terraform init -backend-config="bucket=…"`, as each environment has its own.
  backend "gcs" {
    prefix = "tributary"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}
