-- The event received last by webhook on a connection, since received_from. Canaries and what the product
-- itself tells did not come from the provider.
SELECT received_at, event_type
FROM integration_events_outbox
WHERE tenant_id = $tenant_id::VARCHAR
  AND connection_id = $connection_id::VARCHAR
  AND received_at >= $received_from::TIMESTAMP
  AND source = 'webhook'
ORDER BY received_at DESC, event_id DESC
LIMIT 1
