# What schemas/tables.ts says of each table beside its columns. A test compares the two.

locals {
  tables = {
    integration_events_outbox = {
      description = "Every canonical event that was accepted, append-only, observations included. May hold an event more than once: read integration_events for one row per event that consumers get."
      labels      = { product = "tributary", part = "outbox" }
      cluster_by  = ["tenant_id", "connection_id", "event_type", "entity_id"]
      partition = {
        by              = "received_at"
        unit            = "DAY"
        filter_required = true
        expiration_days = null
      }
    }

    integration_events_published = {
      description = "What Pub/Sub carried, one row per message, append-only: proof that an event passed, and the copy from which the outbox is completed. May hold an event more than once."
      labels      = { product = "tributary", part = "outbox" }
      cluster_by  = ["message_id"]
      partition = {
        by              = "publish_time"
        unit            = "DAY"
        filter_required = true
        expiration_days = 90
      }
    }

    webhook_requests = {
      description = "Requests that reached intake and were not simply accepted, with the reason. Under a flood one row stands for many: see occurrences."
      labels      = { product = "tributary", part = "intake" }
      cluster_by  = ["tenant_id", "connection_id", "outcome", "reason"]
      partition = {
        by              = "received_at"
        unit            = "DAY"
        filter_required = true
        expiration_days = 90
      }
    }

    integration_ledger_counts = {
      description = "What was counted elsewhere than in the outbox, by tenant and minute of receipt: accepted by the processes that answered, consumed, spooled and dead-lettered by Postgres. Cumulative: of a measure, tenant, minute, consumer and reporter the row recorded last counts; reporters are added up."
      labels      = { product = "tributary", part = "ledger" }
      cluster_by  = ["tenant_id", "measure", "consumer"]
      partition = {
        by              = "minute"
        unit            = "DAY"
        filter_required = true
        expiration_days = 90
      }
    }

    integration_consumers = {
      description = "Who consumes events, so that a consumer that consumed nothing is missed. Of a consumer the row recorded last counts."
      labels      = { product = "tributary", part = "ledger" }
      cluster_by  = ["consumer"]
      partition   = null
    }

    integration_connections = {
      description = "History of connections, append-only: one row for each change, with the state after it. connections_current holds the latest of each. No secrets and no settings."
      labels      = { product = "tributary", part = "connections" }
      cluster_by  = ["tenant_id", "connection_id"]
      partition = {
        by              = "changed_at"
        unit            = "MONTH"
        filter_required = false
        expiration_days = null
      }
    }

    transaction_events = {
      description = "One row for each change of a transaction, as the commission calculator reads it. At least once: count distinct (tenant_id, event_id)."
      labels      = { product = "tributary", part = "commission" }
      cluster_by  = ["tenant_id", "person_external_id", "transaction_id"]
      partition = {
        by              = "received_at"
        unit            = "DAY"
        filter_required = true
        expiration_days = null
      }
    }

    identity_external_id_map = {
      description = "Which entity of ours an external id stands for, append-only: the row recorded last for a tenant, connection, entity type and external id counts."
      labels      = { product = "tributary", part = "directory" }
      cluster_by  = ["tenant_id", "provider", "external_id"]
      partition = {
        by              = "recorded_at"
        unit            = "MONTH"
        filter_required = false
        expiration_days = null
      }
    }

    commission_entries = {
      description = "Calculated commission, append-only: an entry is never changed, a reversal refers to it. At least once: count distinct (tenant_id, entry_id)."
      labels      = { product = "tributary", part = "commission" }
      cluster_by  = ["tenant_id", "participant_id", "effective_date"]
      partition = {
        by              = "calculated_at"
        unit            = "DAY"
        filter_required = true
        expiration_days = null
      }
    }

    analyst_access = {
      description = "Who may read which rows, looked up by the row access policies of the other tables. Insert a row to grant, delete it to revoke."
      labels      = { product = "tributary", part = "access" }
      cluster_by  = ["principal"]
      partition   = null
    }
  }
}
