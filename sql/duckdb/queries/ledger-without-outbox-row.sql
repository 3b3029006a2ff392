-- Events of a tenant that Pub/Sub carried and the outbox lacks, the earliest first, by the time of receipt
-- that the message told.
WITH received AS (
  SELECT DISTINCT event_id
  FROM integration_events_outbox
  WHERE received_at >= $from_time::TIMESTAMP - INTERVAL 8 DAY
    AND received_at < $to_time::TIMESTAMP + INTERVAL 1 HOUR
    AND tenant_id = $tenant_id::VARCHAR
),
carried AS (
  SELECT
    attributes ->> '$.event_id' AS event_id,
    MIN(COALESCE(CAST(attributes ->> '$.received_at' AS TIMESTAMP), publish_time))
      AS received_at
  FROM integration_events_published
  WHERE publish_time >= $from_time::TIMESTAMP - INTERVAL 1 HOUR
    AND publish_time < $to_time::TIMESTAMP + INTERVAL 8 DAY
    AND (attributes ->> '$.tenant_id') = $tenant_id::VARCHAR
  GROUP BY 1
)
SELECT carried.event_id, carried.received_at
FROM carried
LEFT JOIN received ON received.event_id = carried.event_id
WHERE received.event_id IS NULL
  AND carried.received_at >= $from_time::TIMESTAMP AND carried.received_at < $to_time::TIMESTAMP
ORDER BY carried.received_at, carried.event_id
LIMIT $row_limit::BIGINT
