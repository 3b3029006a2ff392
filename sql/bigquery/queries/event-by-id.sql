-- One event of a tenant, and how many outbox rows hold it.
-- An id says nothing about when: the filter reaches back to the first day there can be, and the
-- cluster columns and the cap bound what is read. BigQuery compares the cap with an upper bound that
-- leaves the cluster columns out, so a large outbox needs a larger cap here.
-- Bytes cap: 100 GiB
-- @tenant_id STRING
-- @org_id STRING
-- @event_id STRING
SELECT *, COUNT(*) OVER () AS outbox_rows
FROM integration_events_outbox
WHERE received_at >= TIMESTAMP '2020-01-01 00:00:00+00'
  AND tenant_id = @tenant_id
  AND event_id = @event_id
  AND (CAST(@org_id AS STRING) IS NULL OR org_id IS NULL OR org_id = CAST(@org_id AS STRING))
ORDER BY received_at
LIMIT 1
