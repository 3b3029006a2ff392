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
SELECT received.event_id, received.received_at
FROM received
LEFT JOIN carried ON carried.event_id = received.event_id
WHERE carried.event_id IS NULL
  AND received.received_at >= @from_time
ORDER BY received.received_at, received.event_id
LIMIT @row_limit
