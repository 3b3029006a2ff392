-- Outbox rows of a range of receipt, behind a position, in the order in which changes happened: those of
-- one request are received at one time.
SELECT *
FROM integration_events_outbox
WHERE received_at >= $received_from::TIMESTAMP
  AND received_at < $received_to::TIMESTAMP
  AND (
    $after_received_at::TIMESTAMP IS NULL
    OR (received_at, occurred_at, event_id)
      > ($after_received_at::TIMESTAMP, $after_occurred_at::TIMESTAMP, $after_event_id::VARCHAR)
  )
  AND ($tenant_id::VARCHAR IS NULL OR tenant_id = $tenant_id::VARCHAR)
  AND ($org_id::VARCHAR IS NULL OR org_id = $org_id::VARCHAR)
  AND ($connection_id::VARCHAR IS NULL OR connection_id = $connection_id::VARCHAR)
  AND ($provider::VARCHAR IS NULL OR provider = $provider::VARCHAR)
  AND ($event_type::VARCHAR IS NULL OR event_type = $event_type::VARCHAR)
  AND ($entity_type::VARCHAR IS NULL OR entity_type = $entity_type::VARCHAR)
  AND ($entity_id::VARCHAR IS NULL OR entity_id = $entity_id::VARCHAR)
  AND ($with_observations::BOOLEAN OR NOT ENDS_WITH(event_type, '.observed'))
ORDER BY received_at, occurred_at, event_id
