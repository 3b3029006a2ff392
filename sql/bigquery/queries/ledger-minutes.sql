-- What outbox and proofs of passage have of a tenant, by minute of receipt. The same comparison as in
-- loss_ledger_between, which this cannot call: functions are there only once the schema was applied.
-- Bytes cap: 20 GiB
-- @tenant_id STRING
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
WITH received AS (
  SELECT
    event_id,
    MIN(received_at) AS received_at,
    MAX(received_at) AS last_received_at,
    MAX(CASE WHEN event_type LIKE '%.observed' THEN 1 ELSE 0 END) = 1 AS observed
  FROM integration_events_outbox
  WHERE received_at >= @from_time - INTERVAL 8 DAY
    AND received_at < @to_time + INTERVAL 8 DAY
    AND tenant_id = @tenant_id
  GROUP BY event_id
),
proofs AS (
  SELECT
    JSON_VALUE(attributes, '$.event_id') AS event_id,
    CASE
      WHEN JSON_VALUE(attributes, '$.carried_again') = 'replay'
        THEN COALESCE(JSON_VALUE(attributes, '$.replay_id'), '')
    END AS replay_id,
    MIN(COALESCE(CAST(JSON_VALUE(attributes, '$.received_at') AS TIMESTAMP), publish_time))
      AS received_at
  FROM integration_events_published
  WHERE publish_time >= @from_time - INTERVAL 1 HOUR
    AND publish_time < @to_time + INTERVAL 8 DAY
    AND JSON_VALUE(attributes, '$.tenant_id') = @tenant_id
  GROUP BY 1, 2
),
carried AS (
  SELECT event_id, MIN(received_at) AS received_at, COUNT(replay_id) AS replays
  FROM proofs
  GROUP BY event_id
),
sides AS (
  SELECT
    event_id,
    received_at AS outbox_at,
    last_received_at,
    observed,
    CAST(NULL AS TIMESTAMP) AS carried_at,
    0 AS replays
  FROM received
  UNION ALL
  SELECT
    event_id,
    CAST(NULL AS TIMESTAMP) AS outbox_at,
    CAST(NULL AS TIMESTAMP) AS last_received_at,
    FALSE AS observed,
    received_at AS carried_at,
    replays
  FROM carried
  WHERE event_id IS NOT NULL
),
both_sides AS (
  SELECT
    event_id,
    MAX(outbox_at) AS outbox_at,
    MAX(last_received_at) AS last_received_at,
    LOGICAL_OR(observed) AS observed,
    MAX(carried_at) AS carried_at,
    MAX(replays) AS replays
  FROM sides
  GROUP BY event_id
),
passage AS (
  SELECT
    TIMESTAMP_TRUNC(COALESCE(outbox_at, carried_at), MINUTE) AS minute,
    CASE WHEN outbox_at IS NOT NULL THEN event_id END AS outbox_id,
    CASE WHEN carried_at IS NOT NULL THEN event_id END AS carried_id,
    carried_at IS NULL AS lacks_proof,
    observed,
    TIMESTAMP_TRUNC(last_received_at, MINUTE) > TIMESTAMP_TRUNC(outbox_at, MINUTE) AS is_repeated,
    replays
  FROM both_sides
),
by_passage AS (
  SELECT
    minute,
    COUNT(outbox_id) AS outboxed,
    COUNT(CASE WHEN observed THEN outbox_id END) AS observations,
    COUNT(CASE WHEN is_repeated AND NOT observed THEN outbox_id END) AS events_again,
    COUNT(CASE WHEN is_repeated AND observed THEN outbox_id END) AS observations_again,
    COUNT(carried_id) AS published,
    SUM(COALESCE(replays, 0)) AS replayed,
    COUNT(CASE WHEN lacks_proof THEN outbox_id END) AS without_proof,
    COUNT(CASE WHEN outbox_id IS NULL THEN carried_id END) AS without_outbox_row
  FROM passage
  WHERE minute >= @from_time AND minute < @to_time
  GROUP BY minute
),
by_receipt AS (
  SELECT TIMESTAMP_TRUNC(received_at, MINUTE) AS minute, COUNT(*) AS receipts
  FROM (
    SELECT DISTINCT event_id, received_at
    FROM integration_events_outbox
    WHERE received_at >= @from_time
      AND received_at < @to_time
      AND tenant_id = @tenant_id
  ) AS pairs
  GROUP BY 1
)
SELECT
  COALESCE(by_passage.minute, by_receipt.minute) AS minute,
  COALESCE(receipts, 0) AS receipts,
  COALESCE(outboxed, 0) AS outboxed,
  COALESCE(observations, 0) AS observations,
  COALESCE(events_again, 0) AS events_again,
  COALESCE(observations_again, 0) AS observations_again,
  COALESCE(published, 0) AS published,
  COALESCE(replayed, 0) AS replayed,
  COALESCE(without_proof, 0) AS without_proof,
  COALESCE(without_outbox_row, 0) AS without_outbox_row
FROM by_passage
FULL OUTER JOIN by_receipt ON by_passage.minute = by_receipt.minute
ORDER BY minute
