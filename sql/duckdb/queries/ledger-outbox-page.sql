-- Ids of a tenant's events that were received in the window, in their order and from an id on: to be
-- looked up elsewhere a page at a time.
SELECT event_id, event_type, MIN(received_at) AS received_at
FROM integration_events_outbox
WHERE received_at >= $from_time::TIMESTAMP
  AND received_at < $to_time::TIMESTAMP
  AND tenant_id = $tenant_id::VARCHAR
  AND event_id > $after_event_id::VARCHAR
GROUP BY 1, 2
ORDER BY event_id
LIMIT $row_limit::BIGINT
