-- How many outbox rows of a range were received in each stretch of bucket_ms.
SELECT
  EPOCH_MS(EPOCH_MS(received_at) // $bucket_ms::BIGINT * $bucket_ms::BIGINT) AS bucket_at,
  COUNT(*) AS outbox_rows
FROM integration_events_outbox
WHERE received_at >= $received_from::TIMESTAMP
  AND received_at < $received_to::TIMESTAMP
  AND ($tenant_id::VARCHAR IS NULL OR tenant_id = $tenant_id::VARCHAR)
  AND ($org_id::VARCHAR IS NULL OR org_id = $org_id::VARCHAR)
  AND ($connection_id::VARCHAR IS NULL OR connection_id = $connection_id::VARCHAR)
  AND ($provider::VARCHAR IS NULL OR provider = $provider::VARCHAR)
  AND ($event_type::VARCHAR IS NULL OR event_type = $event_type::VARCHAR)
  AND ($entity_type::VARCHAR IS NULL OR entity_type = $entity_type::VARCHAR)
  AND ($entity_id::VARCHAR IS NULL OR entity_id = $entity_id::VARCHAR)
  AND ($with_observations::BOOLEAN OR NOT ENDS_WITH(event_type, '.observed'))
GROUP BY bucket_at
ORDER BY bucket_at
