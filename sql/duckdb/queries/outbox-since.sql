-- Outbox rows in order of receipt, from a position on, for carrying them again.
SELECT *
FROM integration_events_outbox
WHERE (received_at, event_id) > ($after_received_at::TIMESTAMP, $after_event_id::VARCHAR)
ORDER BY received_at, event_id
LIMIT $row_limit::BIGINT
