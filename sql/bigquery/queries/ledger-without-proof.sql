-- Events of a tenant that were received in the window and that Pub/Sub is not known to have carried, the
-- earliest first. An embedded server came to have proofs later: what it received before is not missed.
-- Bytes cap: 20 GiB
-- @tenant_id STRING
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @row_limit INT64
WITH received AS (
  SELECT event_id, MIN(received_at) AS received_at
  FROM integration_events_outbox
  WHERE received_at >= @from_time - INTERVAL 8 DAY
    AND received_at < @to_time
    AND tenant_id = @tenant_id
  GROUP BY event_id
),
carried AS (
  SELECT DISTINCT JSON_VALUE(attributes, '$.event_id') AS event_id
  FROM integration_events_published
  WHERE publish_time >= @from_time - INTERVAL 1 HOUR
    AND publish_time < @to_time + INTERVAL 8 DAY
    AND JSON_VALUE(attributes, '$.tenant_id') = @tenant_id
)
SELECT event_id, received_at
FROM received
WHERE event_id NOT IN (SELECT event_id FROM carried WHERE event_id IS NOT NULL)
  AND received_at >= @from_time
ORDER BY received_at, event_id
LIMIT @row_limit
