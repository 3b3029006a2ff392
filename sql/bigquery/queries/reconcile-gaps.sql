-- What outbox and proof of passage do not agree on, oldest first: events received in the window of which
-- there is no proof (side outbox), and messages published in it of which there is no outbox row (side
-- proof). The other side counts where it comes from near_from until before near_to. A message for one
-- consumer alone proves nothing. One that was carried again out of the outbox needs no row; where there are
-- such far from their rows, one is given (side late), since it may be the proof of a gap elsewhere. An
-- event may be here more than once. after_event_id goes on from a row of from_time.
-- Both tables are filtered by the same constants, so that BigQuery reads the partitions of the window and
-- no others; of the outbox three columns, of the proofs no message.
-- Bytes cap: 100 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @near_from TIMESTAMP
-- @near_to TIMESTAMP
-- @after_event_id STRING
-- @row_limit INT64
WITH accepted AS (
  SELECT event_id, tenant_id, received_at
  FROM integration_events_outbox
  WHERE received_at >= @near_from AND received_at < @near_to
),
carried AS (
  SELECT
    JSON_VALUE(attributes, '$.event_id') AS event_id,
    publish_time,
    COALESCE(JSON_VALUE(attributes, '$.carried_again'), 'spool') <> 'spool' AS is_from_outbox
  FROM integration_events_published
  WHERE publish_time >= @near_from AND publish_time < @near_to
    AND JSON_VALUE(attributes, '$.only_consumer') IS NULL
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
  AND seen_at >= @from_time
  AND seen_at < @to_time
  AND (seen_at > @from_time OR event_id > @after_event_id)
QUALIFY side <> 'late' OR ROW_NUMBER() OVER (PARTITION BY side ORDER BY seen_at, event_id) = 1
ORDER BY seen_at, event_id, side
LIMIT @row_limit
