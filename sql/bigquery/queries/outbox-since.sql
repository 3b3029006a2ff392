-- Outbox rows in order of receipt, from a position on, for carrying them again.
-- Bytes cap: 20 GiB
-- @after_received_at TIMESTAMP
-- @after_event_id STRING
-- @row_limit INT64
SELECT *
FROM integration_events_outbox
WHERE received_at >= @after_received_at
  AND (received_at > @after_received_at OR event_id > @after_event_id)
ORDER BY received_at, event_id
LIMIT @row_limit
