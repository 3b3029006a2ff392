-- Outbox rows of a range of receipt, behind a position, in the order in which changes happened: those of
-- one request are received at one time.
-- Bytes cap: 100 GiB
-- @received_from TIMESTAMP
-- @received_to TIMESTAMP
-- @after_received_at TIMESTAMP
-- @after_occurred_at TIMESTAMP
-- @after_event_id STRING
-- @tenant_id STRING
-- @org_id STRING
-- @connection_id STRING
-- @provider STRING
-- @event_type STRING
-- @entity_type STRING
-- @entity_id STRING
-- @with_observations BOOL
SELECT *
FROM integration_events_outbox
WHERE received_at >= @received_from
  AND received_at < @received_to
  AND (
    CAST(@after_received_at AS TIMESTAMP) IS NULL
    OR received_at > CAST(@after_received_at AS TIMESTAMP)
    OR (
      received_at = CAST(@after_received_at AS TIMESTAMP)
      AND (
        occurred_at > CAST(@after_occurred_at AS TIMESTAMP)
        OR (
          occurred_at = CAST(@after_occurred_at AS TIMESTAMP)
          AND event_id > CAST(@after_event_id AS STRING)
        )
      )
    )
  )
  AND (CAST(@tenant_id AS STRING) IS NULL OR tenant_id = CAST(@tenant_id AS STRING))
  AND (CAST(@org_id AS STRING) IS NULL OR org_id = CAST(@org_id AS STRING))
  AND (CAST(@connection_id AS STRING) IS NULL OR connection_id = CAST(@connection_id AS STRING))
  AND (CAST(@provider AS STRING) IS NULL OR provider = CAST(@provider AS STRING))
  AND (CAST(@event_type AS STRING) IS NULL OR event_type = CAST(@event_type AS STRING))
  AND (CAST(@entity_type AS STRING) IS NULL OR entity_type = CAST(@entity_type AS STRING))
  AND (CAST(@entity_id AS STRING) IS NULL OR entity_id = CAST(@entity_id AS STRING))
  AND (@with_observations OR NOT ENDS_WITH(event_type, '.observed'))
ORDER BY received_at, occurred_at, event_id
