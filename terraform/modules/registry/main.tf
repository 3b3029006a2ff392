# The container images. Cloud Run's own account may pull from its own project.

resource "google_artifact_registry_repository" "this" {
  project       = var.project_id
  location      = var.region
  repository_id = "tributary"
  description   = "Images of Tributary."
  format        = "DOCKER"
  labels        = var.labels

  docker_config {
    # A tag always means the same image: going back to it goes back to what ran.
    immutable_tags = true
  }

  # Keeping wins over deleting: the newest images stay, however old they are.
  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = var.kept_images
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "${30 * 24 * 3600}s"
    }
  }
}
