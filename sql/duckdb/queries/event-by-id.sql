-- One event of a tenant, and how many outbox rows hold it.
SELECT *, COUNT(*) OVER () AS outbox_rows
FROM integration_events_outbox
WHERE tenant_id = $tenant_id::VARCHAR AND event_id = $event_id::VARCHAR
  AND ($org_id::VARCHAR IS NULL OR org_id IS NULL OR org_id = $org_id::VARCHAR)
ORDER BY received_at
LIMIT 1
