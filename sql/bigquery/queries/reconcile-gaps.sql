-- What outbox and proof of passage do not agree on, oldest first: events received in the window of which
-- there is no proof (side outbox), and messages published in it of which there is no outbox row (side
-- proof). The other side counts where it comes from near_from until before near_to. A message for one
-- consumer alone proves nothing. One that was carried again out of the outbox needs no row; where there are
-- such far from their rows, one is given (side late), since it may be the proof of a gap elsewhere.
-- after_event_id goes on from a row of from_time; an event may stand on both sides of that.
-- Both tables are filtered by the same constants, so that BigQuery reads the partitions of the window and
-- no others; of the outbox three columns, of the proofs no message. Grouped rather than joined: it is one
-- shuffle either way, and an engine without hash joins gets through it too.
-- Bytes cap: 100 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @near_from TIMESTAMP
-- @near_to TIMESTAMP
-- @after_event_id STRING
-- @row_limit INT64
WITH sides AS (
  SELECT event_id, tenant_id, received_at AS seen_at, 'outbox' AS side
  FROM integration_events_outbox
  WHERE received_at >= @near_from AND received_at < @near_to
  UNION ALL
  SELECT
    JSON_VALUE(attributes, '$.event_id') AS event_id,
    CAST(NULL AS STRING) AS tenant_id,
    publish_time AS seen_at,
    CASE
      WHEN COALESCE(JSON_VALUE(attributes, '$.carried_again'), 'spool') = 'spool' THEN 'proof'
      ELSE 'late'
    END AS side
  FROM integration_events_published
  WHERE publish_time >= @near_from AND publish_time < @near_to
    AND JSON_VALUE(attributes, '$.only_consumer') IS NULL
),
located AS (
  SELECT
    *,
    seen_at >= @from_time
      AND seen_at < @to_time
      AND (seen_at > @from_time OR event_id > @after_event_id) AS is_within
  FROM sides
  WHERE event_id IS NOT NULL
),
gaps AS (
  SELECT
    event_id,
    MAX(tenant_id) AS tenant_id,
    -- By the alphabet a proof goes before what came from the outbox; neither stands beside an outbox row.
    MAX(CASE WHEN is_within THEN side END) AS side,
    COALESCE(
      MIN(CASE WHEN is_within AND side = 'proof' THEN seen_at END),
      MIN(CASE WHEN is_within THEN seen_at END)
    ) AS seen_at
  FROM located
  GROUP BY event_id
  HAVING COUNT(CASE WHEN located.side = 'outbox' THEN 1 END) IN (0, COUNT(*))
)
SELECT side, event_id, tenant_id, seen_at
FROM gaps
WHERE seen_at IS NOT NULL
QUALIFY side <> 'late' OR ROW_NUMBER() OVER (PARTITION BY side ORDER BY seen_at, event_id) = 1
ORDER BY seen_at, event_id, side
LIMIT @row_limit
