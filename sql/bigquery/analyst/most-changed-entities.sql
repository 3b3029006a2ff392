-- Question: Which entities change most often?
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @row_limit INT64
SELECT
  tenant_id,
  connection_id,
  entity_type,
  entity_id,
  COUNT(*) AS changes,
  MIN(occurred_at) AS first_at,
  MAX(occurred_at) AS last_at
FROM integration_events_between(@from_time, @to_time)
GROUP BY 1, 2, 3, 4
ORDER BY changes DESC, connection_id, entity_id
LIMIT @row_limit
