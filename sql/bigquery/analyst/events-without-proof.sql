-- Question: Which events were received more than 10 minutes before to_time and have no proof of
-- passage?
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
WITH carried AS (
  SELECT DISTINCT JSON_VALUE(attributes, '$.event_id') AS event_id
  FROM integration_events_published
  WHERE publish_time >= @from_time - INTERVAL 1 HOUR
    AND publish_time < @to_time + INTERVAL 8 DAY
)
SELECT
  events.tenant_id,
  events.connection_id,
  events.event_id,
  events.event_type,
  events.received_at
FROM integration_events_between(@from_time, @to_time) AS events
LEFT JOIN carried ON carried.event_id = events.event_id
WHERE carried.event_id IS NULL
  AND events.received_at < @to_time - INTERVAL 10 MINUTE
ORDER BY events.received_at, events.event_id
