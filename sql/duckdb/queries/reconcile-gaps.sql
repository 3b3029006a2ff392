-- What outbox and proof of passage do not agree on, oldest first: events received in the window of which
-- there is no proof (side outbox), and messages published in it of which there is no outbox row (side
-- proof). The other side counts where it comes from near_from until before near_to. A message for one
-- consumer alone proves nothing; one that was carried again out of the outbox needs no row. An event may
-- be here more than once. after_event_id goes on from a row of from_time.
WITH accepted AS (
  SELECT event_id, tenant_id, received_at
  FROM integration_events_outbox
  WHERE received_at >= $near_from::TIMESTAMP AND received_at < $near_to::TIMESTAMP
),
carried AS (
  SELECT
    -- The recorder writes it first: reading it there takes a fifth of what parsing takes.
    CASE
      WHEN STARTS_WITH(attributes, '{"event_id":"') THEN SUBSTR(attributes, 14, 36)
      ELSE attributes ->> '$.event_id'
    END AS event_id,
    publish_time,
    message_id,
    -- The key can stand in no value: quotes in values are escaped. Parsed only where it occurs.
    CASE WHEN CONTAINS(attributes, '_again"') THEN attributes ->> '$.carried_again' END AS carried_again
  FROM integration_events_published
  WHERE publish_time >= $near_from::TIMESTAMP AND publish_time < $near_to::TIMESTAMP
    AND CASE WHEN CONTAINS(attributes, '_consumer"') THEN attributes ->> '$.only_consumer' END IS NULL
),
gaps AS (
  SELECT
    CASE WHEN carried.event_id IS NULL THEN 'outbox' ELSE 'proof' END AS side,
    COALESCE(accepted.event_id, carried.event_id) AS event_id,
    accepted.tenant_id,
    COALESCE(accepted.received_at, carried.publish_time) AS seen_at,
    carried.message_id
  FROM accepted
  FULL JOIN carried ON accepted.event_id = carried.event_id
  WHERE carried.event_id IS NULL
    OR (
      accepted.event_id IS NULL
      AND COALESCE(carried.carried_again, 'spool') = 'spool'
    )
)
SELECT side, event_id, tenant_id, seen_at, message_id
FROM gaps
WHERE event_id IS NOT NULL
  AND seen_at >= $from_time::TIMESTAMP
  AND seen_at < $to_time::TIMESTAMP
  AND (seen_at > $from_time::TIMESTAMP OR event_id > $after_event_id::VARCHAR)
ORDER BY seen_at, event_id, side
LIMIT $row_limit::BIGINT
