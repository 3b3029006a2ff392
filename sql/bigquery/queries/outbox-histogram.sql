-- How many outbox rows of a range were received in each stretch of bucket_ms.
-- Bytes cap: 100 GiB
-- @bucket_ms INT64
-- @received_from TIMESTAMP
-- @received_to TIMESTAMP
-- @tenant_id STRING
-- @org_id STRING
-- @connection_id STRING
-- @provider STRING
-- @event_type STRING
-- @entity_type STRING
-- @entity_id STRING
-- @with_observations BOOL
SELECT
  TIMESTAMP_MILLIS(DIV(UNIX_MILLIS(received_at), @bucket_ms) * @bucket_ms) AS bucket_at,
  COUNT(*) AS outbox_rows
FROM integration_events_outbox
WHERE received_at >= @received_from
  AND received_at < @received_to
  AND (CAST(@tenant_id AS STRING) IS NULL OR tenant_id = CAST(@tenant_id AS STRING))
  AND (CAST(@org_id AS STRING) IS NULL OR org_id = CAST(@org_id AS STRING))
  AND (CAST(@connection_id AS STRING) IS NULL OR connection_id = CAST(@connection_id AS STRING))
  AND (CAST(@provider AS STRING) IS NULL OR provider = CAST(@provider AS STRING))
  AND (CAST(@event_type AS STRING) IS NULL OR event_type = CAST(@event_type AS STRING))
  AND (CAST(@entity_type AS STRING) IS NULL OR entity_type = CAST(@entity_type AS STRING))
  AND (CAST(@entity_id AS STRING) IS NULL OR entity_id = CAST(@entity_id AS STRING))
  AND (@with_observations OR NOT ENDS_WITH(event_type, '.observed'))
GROUP BY bucket_at
ORDER BY bucket_at
