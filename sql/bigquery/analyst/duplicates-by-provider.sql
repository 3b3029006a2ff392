-- Question: How many repeated deliveries did each provider send that count as one event?
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id,
  provider,
  COUNT(*) AS outbox_rows,
  COUNT(DISTINCT event_id) AS events,
  COUNT(*) - COUNT(DISTINCT event_id) AS repetitions
FROM integration_events_outbox
WHERE received_at >= @from_time AND received_at < @to_time
GROUP BY 1, 2
ORDER BY repetitions DESC, tenant_id, provider
