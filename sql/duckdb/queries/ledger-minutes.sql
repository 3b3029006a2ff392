-- What outbox and proofs of passage have of a tenant, by minute of receipt. The same comparison as in
-- loss_ledger_between, which this cannot call: functions are there only once the schema was applied.
WITH received AS (
  SELECT
    event_id,
    received_at,
    event_type LIKE '%.observed' AS observed,
    MIN(received_at) OVER (PARTITION BY event_id) AS first_received_at
  FROM integration_events_outbox
  WHERE received_at >= $from_time::TIMESTAMP - INTERVAL 8 DAY
    AND received_at < $to_time::TIMESTAMP + INTERVAL 1 HOUR
    AND tenant_id = $tenant_id::VARCHAR
  GROUP BY 1, 2, 3
),
carried AS (
  SELECT
    attributes ->> '$.event_id' AS event_id,
    MIN(COALESCE(CAST(attributes ->> '$.received_at' AS TIMESTAMP), publish_time))
      AS received_at,
    COUNT(DISTINCT CASE
      WHEN (attributes ->> '$.carried_again') = 'replay'
        THEN COALESCE(attributes ->> '$.replay_id', '')
    END) AS replays
  FROM integration_events_published
  WHERE publish_time >= $from_time::TIMESTAMP - INTERVAL 1 HOUR
    AND publish_time < $to_time::TIMESTAMP + INTERVAL 8 DAY
    AND (attributes ->> '$.tenant_id') = $tenant_id::VARCHAR
  GROUP BY 1
),
passage AS (
  SELECT
    DATE_TRUNC('minute', COALESCE(received.received_at, carried.received_at)) AS minute,
    received.event_id AS outbox_id,
    carried.event_id AS carried_id,
    received.event_id IS NULL OR received.received_at = received.first_received_at AS is_first,
    received.observed,
    carried.replays
  FROM received
  FULL OUTER JOIN carried ON received.event_id = carried.event_id
)
SELECT
  minute,
  COUNT(outbox_id) AS receipts,
  COUNT(CASE WHEN is_first THEN outbox_id END) AS outboxed,
  COUNT(CASE WHEN is_first AND observed THEN outbox_id END) AS observations,
  COUNT(CASE WHEN is_first THEN carried_id END) AS published,
  SUM(CASE WHEN is_first THEN COALESCE(replays, 0) ELSE 0 END) AS replayed,
  COUNT(CASE
    WHEN is_first AND carried_id IS NULL AND EXISTS (SELECT 1 FROM integration_events_published)
      THEN outbox_id
  END) AS without_proof,
  COUNT(CASE WHEN outbox_id IS NULL THEN carried_id END) AS without_outbox_row
FROM passage
WHERE minute >= $from_time::TIMESTAMP AND minute < $to_time::TIMESTAMP
GROUP BY minute
ORDER BY minute
