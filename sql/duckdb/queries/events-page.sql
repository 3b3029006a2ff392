-- A page of a tenant's events, newest first, one row per event. The page is cut from the outbox by
-- its keyset; rows that repeat an earlier one are then left out, so a page may hold fewer rows.
WITH page AS (
  SELECT *
  FROM integration_events_outbox
  WHERE tenant_id = $tenant_id::VARCHAR
    AND ($org_id::VARCHAR IS NULL OR org_id IS NULL OR org_id = $org_id::VARCHAR)
    AND ($connection_id::VARCHAR IS NULL OR connection_id = $connection_id::VARCHAR)
    AND ($provider::VARCHAR IS NULL OR provider = $provider::VARCHAR)
    AND ($event_type::VARCHAR IS NULL OR event_type = $event_type::VARCHAR)
    AND ($entity_type::VARCHAR IS NULL OR entity_type = $entity_type::VARCHAR)
    AND ($entity_id::VARCHAR IS NULL OR entity_id = $entity_id::VARCHAR)
    AND ($received_from::TIMESTAMP IS NULL OR received_at >= $received_from::TIMESTAMP)
    AND ($received_to::TIMESTAMP IS NULL OR received_at < $received_to::TIMESTAMP)
    AND (
      $before_received_at::TIMESTAMP IS NULL
      OR (received_at, event_id) < ($before_received_at::TIMESTAMP, $before_event_id::VARCHAR)
    )
  ORDER BY received_at DESC, event_id DESC
  LIMIT $row_limit::BIGINT
)
SELECT
  page.*,
  EXISTS (
    SELECT 1
    FROM integration_events_outbox AS earlier
    WHERE earlier.tenant_id = page.tenant_id
      AND earlier.event_id = page.event_id
      AND earlier.received_at < page.received_at
  ) AS repeated
FROM page
ORDER BY received_at DESC, event_id DESC
