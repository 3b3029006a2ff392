-- What reached intake, one row per webhook request: accepted ones from the outbox, the others as
-- they were recorded.
CREATE OR REPLACE VIEW webhook_log AS
SELECT
  trace_id AS request_id,
  MIN(received_at) AS received_at,
  tenant_id,
  org_id,
  connection_id,
  provider,
  'accepted' AS outcome,
  CAST(NULL AS VARCHAR) AS reason,
  CAST(NULL AS VARCHAR) AS detail,
  COUNT(*) AS events
FROM integration_events_outbox
WHERE source = 'webhook'
GROUP BY trace_id, tenant_id, org_id, connection_id, provider
UNION ALL
SELECT
  request_id, received_at, tenant_id, org_id, connection_id, provider,
  outcome, reason, detail, occurrences AS events
FROM webhook_requests
