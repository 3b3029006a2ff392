-- Events of a tenant that Pub/Sub carried and the outbox lacks, the earliest first, by the time of receipt
-- that the message told.
-- Bytes cap: 20 GiB
-- @tenant_id STRING
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @row_limit INT64
WITH received AS (
  SELECT DISTINCT event_id
  FROM integration_events_outbox
  WHERE received_at >= @from_time - INTERVAL 8 DAY
    AND received_at < @to_time + INTERVAL 1 HOUR
    AND tenant_id = @tenant_id
),
carried AS (
  SELECT
    JSON_VALUE(attributes, '$.event_id') AS event_id,
    MIN(COALESCE(CAST(JSON_VALUE(attributes, '$.received_at') AS TIMESTAMP), publish_time))
      AS received_at
  FROM integration_events_published
  WHERE publish_time >= @from_time - INTERVAL 1 HOUR
    AND publish_time < @to_time + INTERVAL 8 DAY
    AND JSON_VALUE(attributes, '$.tenant_id') = @tenant_id
  GROUP BY 1
)
SELECT event_id, received_at
FROM carried
WHERE event_id NOT IN (SELECT event_id FROM received)
  AND received_at >= @from_time AND received_at < @to_time
ORDER BY received_at, event_id
LIMIT @row_limit
