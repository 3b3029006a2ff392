-- What outbox and proof of passage do not agree on, oldest first: events received in the window of which
-- there is no proof (side outbox), and messages published in it of which there is no outbox row (side
-- proof). The other side counts where it comes from near_from until before near_to. A message for one
-- consumer alone proves nothing. One that was carried again out of the outbox needs no row; where there are
-- such far from their rows, one is given (side late), since it may be the proof of a gap elsewhere. An
-- event may be here more than once. after_event_id goes on from a row of from_time.
WITH accepted AS (
  SELECT event_id, tenant_id, received_at
  FROM integration_events_outbox
  WHERE received_at >= $near_from::TIMESTAMP AND received_at < $near_to::TIMESTAMP
),
marked AS (
  SELECT
    -- The recorder writes it first: reading it there takes a fifth of what parsing takes.
    CASE
      WHEN STARTS_WITH(attributes, '{"event_id":"') THEN SUBSTR(attributes, 14, 36)
      ELSE attributes ->> '$.event_id'
    END AS event_id,
    publish_time,
    -- What is carried again says so, and nothing else is parsed. The key can stand in no value: there
    -- quotes are escaped.
    CASE WHEN CONTAINS(attributes, '_again"') THEN attributes END AS carriage
  FROM integration_events_published
  WHERE publish_time >= $near_from::TIMESTAMP AND publish_time < $near_to::TIMESTAMP
),
carried AS (
  SELECT
    event_id,
    publish_time,
    carriage IS NOT NULL
      AND COALESCE((carriage ->> '$.carried_again'), 'spool') <> 'spool' AS is_from_outbox
  FROM marked
  WHERE carriage IS NULL OR (carriage ->> '$.only_consumer') IS NULL
),
gaps AS (
  SELECT
    CASE
      WHEN carried.event_id IS NULL THEN 'outbox'
      WHEN carried.is_from_outbox THEN 'late'
      ELSE 'proof'
    END AS side,
    COALESCE(accepted.event_id, carried.event_id) AS event_id,
    accepted.tenant_id,
    COALESCE(accepted.received_at, carried.publish_time) AS seen_at
  FROM accepted
  FULL JOIN carried ON accepted.event_id = carried.event_id
  WHERE carried.event_id IS NULL OR accepted.event_id IS NULL
)
SELECT side, event_id, tenant_id, seen_at
FROM gaps
WHERE event_id IS NOT NULL
  AND seen_at >= $from_time::TIMESTAMP
  AND seen_at < $to_time::TIMESTAMP
  AND (seen_at > $from_time::TIMESTAMP OR event_id > $after_event_id::VARCHAR)
QUALIFY side <> 'late' OR ROW_NUMBER() OVER (PARTITION BY side ORDER BY seen_at, event_id) = 1
ORDER BY seen_at, event_id, side
LIMIT $row_limit::BIGINT
