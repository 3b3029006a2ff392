-- Question: How do each provider's changes reach us: by webhook, by polling, or by replay?
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id,
  provider,
  COUNT(*) AS events,
  SUM(CASE WHEN source = 'webhook' THEN 1 ELSE 0 END) AS by_webhook,
  SUM(CASE WHEN source = 'poll' THEN 1 ELSE 0 END) AS by_poll,
  SUM(CASE WHEN source = 'replay' THEN 1 ELSE 0 END) AS by_replay
FROM integration_events_between(@from_time, @to_time)
GROUP BY 1, 2
ORDER BY 1, 2
