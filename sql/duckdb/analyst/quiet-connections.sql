-- Question: Which active connections brought no event?
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
WITH heard AS (
  SELECT DISTINCT tenant_id, connection_id
  FROM integration_events_between($from_time::TIMESTAMP, $to_time::TIMESTAMP)
)
SELECT
  connections.tenant_id,
  connections.connection_id,
  connections.provider,
  connections.name,
  connections.created_at
FROM connections_current AS connections
LEFT JOIN heard
ON heard.tenant_id = connections.tenant_id AND heard.connection_id = connections.connection_id
WHERE connections.status = 'active' AND heard.connection_id IS NULL
ORDER BY connections.tenant_id, connections.connection_id
