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
passage AS (
  SELECT
    TIMESTAMP_TRUNC(COALESCE(received.received_at, carried.received_at), MINUTE) AS minute,
    received.event_id AS outbox_id,
    carried.event_id AS carried_id,
    carried.event_id IS NULL AS lacks_proof,
    received.observed,
    TIMESTAMP_TRUNC(received.last_received_at, MINUTE)
      > TIMESTAMP_TRUNC(received.received_at, MINUTE) AS is_repeated,
    carried.replays
  FROM received
  FULL OUTER JOIN carried ON received.event_id = carried.event_id
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
