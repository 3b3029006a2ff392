-- Question: Which events were received more than 10 minutes before to_time and have no proof of
-- passage?
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
WITH carried AS (
  SELECT DISTINCT attributes ->> '$.event_id' AS event_id
  FROM integration_events_published
  WHERE publish_time >= $from_time::TIMESTAMP - INTERVAL 1 HOUR
    AND publish_time < $to_time::TIMESTAMP + INTERVAL 8 DAY
)
SELECT
  events.tenant_id,
  events.connection_id,
  events.event_id,
  events.event_type,
  events.received_at
FROM integration_events_between($from_time::TIMESTAMP, $to_time::TIMESTAMP) AS events
LEFT JOIN carried ON carried.event_id = events.event_id
WHERE carried.event_id IS NULL
  AND events.received_at < $to_time::TIMESTAMP - INTERVAL 10 MINUTE
ORDER BY events.received_at, events.event_id
