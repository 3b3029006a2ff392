-- What reached intake from from_time until before to_time, one row per webhook request: accepted ones
-- from the outbox, the others as they were recorded. events counts events of an accepted request, and
-- requests or items of every other outcome. An observation counts, what it was resolved to later not.
SELECT
  trace_id AS request_id,
  MIN(received_at) AS received_at,
  tenant_id,
  org_id,
  connection_id,
  provider,
  'accepted' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS detail,
  COUNT(*) AS events
FROM integration_events_outbox
WHERE received_at >= from_time AND received_at < to_time AND source = 'webhook'
  AND observation_id IS NULL
GROUP BY trace_id, tenant_id, org_id, connection_id, provider
UNION ALL
SELECT
  request_id, received_at, tenant_id, org_id, connection_id, provider,
  outcome, reason, detail, occurrences AS events
FROM webhook_requests
WHERE received_at >= from_time AND received_at < to_time
