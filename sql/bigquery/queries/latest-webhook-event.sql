-- The event received last by webhook on a connection, since received_from. Canaries and what the product
-- itself tells did not come from the provider.
-- Bytes cap: 10 GiB
-- @tenant_id STRING
-- @connection_id STRING
-- @received_from TIMESTAMP
SELECT received_at, event_type
FROM integration_events_outbox
WHERE received_at >= @received_from
  AND tenant_id = @tenant_id
  AND connection_id = @connection_id
  AND source = 'webhook'
ORDER BY received_at DESC, event_id DESC
LIMIT 1
