-- How much the outbox holds: rows, and different events.
SELECT COUNT(*) AS outbox_rows, COUNT(DISTINCT (tenant_id, event_id)) AS events
FROM integration_events_outbox
