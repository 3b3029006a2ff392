-- For each tenant, minute of receipt that begins from from_time until before to_time, and consumer: how
-- many events it is to consume, by the outbox, and how many Postgres knows it consumed. The resolver is
-- to consume observations, the others everything else received since they subscribed. set_aside counts
-- dead letters that it has not consumed. An event received in several minutes is consumed as one of them:
-- what that may explain is perhaps_not_consumed, and only the rest is not_consumed.
WITH received AS (
  SELECT
    tenant_id,
    event_id,
    event_type LIKE '%.observed' AS observed,
    MIN(received_at) AS received_at,
    MAX(received_at) AS last_received_at
  FROM integration_events_outbox
  WHERE received_at >= from_time - INTERVAL 8 DAY AND received_at < to_time + INTERVAL 8 DAY
  GROUP BY 1, 2, 3
),
consumers AS (
  SELECT consumer, topic = 'integration-observations' AS observes, subscribed_at, active
  FROM integration_consumers
  QUALIFY ROW_NUMBER() OVER (PARTITION BY consumer ORDER BY recorded_at DESC) = 1
),
expected AS (
  SELECT
    received.tenant_id,
    TIMESTAMP_TRUNC(received.received_at, MINUTE) AS minute,
    consumers.consumer,
    COUNT(*) AS expected,
    COUNT(CASE
      WHEN TIMESTAMP_TRUNC(received.last_received_at, MINUTE)
        > TIMESTAMP_TRUNC(received.received_at, MINUTE) THEN 1
    END) AS received_again
  FROM received
  JOIN consumers
  ON consumers.observes = received.observed AND consumers.subscribed_at <= received.received_at
  WHERE consumers.active
    AND received.received_at >= from_time AND received.received_at < to_time + INTERVAL 1 HOUR
  GROUP BY 1, 2, 3
),
latest AS (
  SELECT tenant_id, minute, consumer, measure, total
  FROM integration_ledger_counts
  WHERE minute >= from_time AND minute < to_time AND consumer IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY tenant_id, minute, measure, consumer, reporter
    ORDER BY recorded_at DESC, total DESC
  ) = 1
),
counted AS (
  SELECT
    tenant_id,
    minute,
    consumer,
    SUM(CASE WHEN measure = 'consumed' THEN total ELSE 0 END) AS consumed,
    SUM(CASE WHEN measure = 'dead_lettered' THEN total ELSE 0 END) AS dead_lettered,
    SUM(CASE WHEN measure = 'set_aside' THEN total ELSE 0 END) AS set_aside
  FROM latest
  GROUP BY tenant_id, minute, consumer
),
figures AS (
  SELECT
    COALESCE(expected.tenant_id, counted.tenant_id) AS tenant_id,
    COALESCE(expected.minute, counted.minute) AS minute,
    COALESCE(expected.consumer, counted.consumer) AS consumer,
    COALESCE(expected.expected, 0) AS expected,
    COALESCE(expected.received_again, 0) AS received_again,
    COALESCE(counted.consumed, 0) AS consumed,
    COALESCE(counted.dead_lettered, 0) AS dead_lettered,
    COALESCE(counted.set_aside, 0) AS set_aside
  FROM expected
  FULL OUTER JOIN counted
  ON expected.tenant_id = counted.tenant_id
    AND expected.minute = counted.minute
    AND expected.consumer = counted.consumer
)
SELECT
  tenant_id,
  minute,
  consumer,
  expected,
  consumed,
  dead_lettered,
  set_aside,
  GREATEST(expected - consumed - set_aside - received_again, 0) AS not_consumed,
  LEAST(GREATEST(expected - consumed - set_aside, 0), received_again) AS perhaps_not_consumed
FROM figures
WHERE minute >= from_time AND minute < to_time
