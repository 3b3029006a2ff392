-- How much the outbox holds: rows, and different events.
-- It counts all of it: the filter reaches back to the first day there can be. Two columns are read.
-- Bytes cap: 100 GiB
SELECT COUNT(*) AS outbox_rows, COUNT(DISTINCT CONCAT(event_id, ' ', tenant_id)) AS events
FROM integration_events_outbox
WHERE received_at >= TIMESTAMP '2020-01-01 00:00:00+00'
