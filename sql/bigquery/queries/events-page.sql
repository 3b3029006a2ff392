-- A page of a tenant's events, newest first, one row per event. The page is cut from the outbox by
-- its keyset; rows that repeat an earlier one are then left out, so a page may hold fewer rows.
-- Without a range it reaches back to the first day there can be, and relies on the cap.
-- Bytes cap: 100 GiB
-- @tenant_id STRING
-- @org_id STRING
-- @connection_id STRING
-- @provider STRING
-- @event_type STRING
-- @entity_type STRING
-- @entity_id STRING
-- @received_from TIMESTAMP
-- @received_to TIMESTAMP
-- @before_received_at TIMESTAMP
-- @before_event_id STRING
-- @row_limit INT64
WITH page AS (
  SELECT *
  FROM integration_events_outbox
  WHERE received_at >= TIMESTAMP '2020-01-01 00:00:00+00'
    AND received_at
      >= COALESCE(CAST(@received_from AS TIMESTAMP), TIMESTAMP '2020-01-01 00:00:00+00')
    AND received_at < COALESCE(CAST(@received_to AS TIMESTAMP), TIMESTAMP '9999-12-31 00:00:00+00')
    AND received_at
      <= COALESCE(CAST(@before_received_at AS TIMESTAMP), TIMESTAMP '9999-12-31 00:00:00+00')
    AND (
      CAST(@before_received_at AS TIMESTAMP) IS NULL
      OR received_at < CAST(@before_received_at AS TIMESTAMP)
      OR event_id < CAST(@before_event_id AS STRING)
    )
    AND tenant_id = @tenant_id
    AND (CAST(@org_id AS STRING) IS NULL OR org_id IS NULL OR org_id = CAST(@org_id AS STRING))
    AND (CAST(@connection_id AS STRING) IS NULL OR connection_id = CAST(@connection_id AS STRING))
    AND (CAST(@provider AS STRING) IS NULL OR provider = CAST(@provider AS STRING))
    AND (CAST(@event_type AS STRING) IS NULL OR event_type = CAST(@event_type AS STRING))
    AND (CAST(@entity_type AS STRING) IS NULL OR entity_type = CAST(@entity_type AS STRING))
    AND (CAST(@entity_id AS STRING) IS NULL OR entity_id = CAST(@entity_id AS STRING))
  ORDER BY received_at DESC, event_id DESC
  LIMIT @row_limit
),
first_receipts AS (
  SELECT event_id, MIN(received_at) AS first_received_at
  FROM integration_events_outbox
  WHERE received_at >= TIMESTAMP '2020-01-01 00:00:00+00'
    AND tenant_id = @tenant_id
    AND event_id IN (SELECT event_id FROM page)
  GROUP BY event_id
)
SELECT page.*, page.received_at > first_receipts.first_received_at AS repeated
FROM page
JOIN first_receipts USING (event_id)
ORDER BY received_at DESC, event_id DESC
