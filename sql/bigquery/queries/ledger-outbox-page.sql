-- Ids of a tenant's events that were received in the window, in their order and from an id on: to be
-- looked up elsewhere a page at a time.
-- Bytes cap: 20 GiB
-- @tenant_id STRING
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @after_event_id STRING
-- @row_limit INT64
SELECT event_id, event_type, MIN(received_at) AS received_at
FROM integration_events_outbox
WHERE received_at >= @from_time
  AND received_at < @to_time
  AND tenant_id = @tenant_id
  AND event_id > @after_event_id
GROUP BY 1, 2
ORDER BY event_id
LIMIT @row_limit
