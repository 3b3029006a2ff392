-- For each tenant and minute of receipt that begins from from_time until before to_time: what was
-- accepted as the answering processes counted it, what the outbox has, what Pub/Sub proves it carried,
-- and what one of them lacks. accepted and resolved compare with receipts, which are different pairs of
-- id and time of receipt; outboxed counts ids, in the minute they were first received in. The other side
-- counts when it comes within eight days. What was received before there were proofs is not missed where
-- an installation came to have them later, as an embedded server does.
WITH received AS (
  SELECT tenant_id, event_id, MIN(received_at) AS received_at
  FROM integration_events_outbox
  WHERE received_at >= from_time - INTERVAL 8 DAY AND received_at < to_time + INTERVAL 1 HOUR
  GROUP BY tenant_id, event_id
),
proofs AS (
  SELECT
    attributes ->> '$.tenant_id' AS tenant_id,
    attributes ->> '$.event_id' AS event_id,
    CASE
      WHEN (attributes ->> '$.carried_again') = 'replay'
        THEN COALESCE(attributes ->> '$.replay_id', '')
    END AS replay_id,
    MIN(COALESCE(CAST(attributes ->> '$.received_at' AS TIMESTAMP), publish_time))
      AS received_at
  FROM integration_events_published
  WHERE publish_time >= from_time - INTERVAL 1 HOUR AND publish_time < to_time + INTERVAL 8 DAY
  GROUP BY 1, 2, 3
),
carried AS (
  SELECT tenant_id, event_id, MIN(received_at) AS received_at, COUNT(replay_id) AS replays
  FROM proofs
  GROUP BY tenant_id, event_id
),
passage AS (
  SELECT
    COALESCE(received.tenant_id, carried.tenant_id) AS tenant_id,
    DATE_TRUNC('minute', COALESCE(received.received_at, carried.received_at)) AS minute,
    received.event_id AS outbox_id,
    carried.event_id AS carried_id,
    carried.event_id IS NULL
      AND received.received_at >= (SELECT MIN(publish_time) FROM integration_events_published)
      AS lacks_proof,
    carried.replays
  FROM received
  FULL OUTER JOIN carried
  ON received.tenant_id = carried.tenant_id AND received.event_id = carried.event_id
),
by_passage AS (
  SELECT
    tenant_id,
    minute,
    COUNT(outbox_id) AS outboxed,
    COUNT(carried_id) AS published,
    SUM(COALESCE(replays, 0)) AS replayed,
    COUNT(CASE WHEN lacks_proof THEN outbox_id END) AS without_proof,
    COUNT(CASE WHEN outbox_id IS NULL THEN carried_id END) AS without_outbox_row
  FROM passage
  WHERE minute >= from_time AND minute < to_time
  GROUP BY tenant_id, minute
),
by_receipt AS (
  SELECT tenant_id, DATE_TRUNC('minute', received_at) AS minute, COUNT(*) AS receipts
  FROM (
    SELECT DISTINCT tenant_id, event_id, received_at
    FROM integration_events_outbox
    WHERE received_at >= from_time AND received_at < to_time + INTERVAL 1 HOUR
  ) AS pairs
  GROUP BY 1, 2
),
stored AS (
  SELECT
    COALESCE(by_passage.tenant_id, by_receipt.tenant_id) AS tenant_id,
    COALESCE(by_passage.minute, by_receipt.minute) AS minute,
    receipts,
    outboxed,
    published,
    replayed,
    without_proof,
    without_outbox_row
  FROM by_passage
  FULL OUTER JOIN by_receipt
  ON by_passage.tenant_id = by_receipt.tenant_id AND by_passage.minute = by_receipt.minute
),
latest AS (
  SELECT tenant_id, minute, measure, total
  FROM integration_ledger_counts
  WHERE minute >= from_time AND minute < to_time
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY tenant_id, minute, measure, consumer, reporter
    ORDER BY recorded_at DESC, total DESC
  ) = 1
),
by_count AS (
  SELECT
    tenant_id,
    minute,
    SUM(CASE WHEN measure = 'requests_accepted' THEN total ELSE 0 END) AS requests_accepted,
    SUM(CASE WHEN measure = 'events_accepted' THEN total ELSE 0 END) AS accepted,
    SUM(CASE WHEN measure = 'events_resolved' THEN total ELSE 0 END) AS resolved,
    SUM(CASE WHEN measure = 'spooled' THEN total ELSE 0 END) AS spooled,
    SUM(CASE WHEN measure = 'spool_waiting' THEN total ELSE 0 END) AS spool_waiting,
    SUM(CASE WHEN measure = 'dead_lettered' THEN total ELSE 0 END) AS dead_lettered
  FROM latest
  GROUP BY tenant_id, minute
),
figures AS (
  SELECT
    COALESCE(stored.tenant_id, by_count.tenant_id) AS tenant_id,
    COALESCE(stored.minute, by_count.minute) AS minute,
    COALESCE(requests_accepted, 0) AS requests_accepted,
    COALESCE(accepted, 0) AS accepted,
    COALESCE(resolved, 0) AS resolved,
    COALESCE(receipts, 0) AS receipts,
    COALESCE(outboxed, 0) AS outboxed,
    COALESCE(published, 0) AS published,
    COALESCE(replayed, 0) AS replayed,
    COALESCE(spooled, 0) AS spooled,
    COALESCE(spool_waiting, 0) AS spool_waiting,
    COALESCE(dead_lettered, 0) AS dead_lettered,
    COALESCE(without_proof, 0) AS without_proof,
    COALESCE(without_outbox_row, 0) AS without_outbox_row
  FROM stored
  FULL OUTER JOIN by_count
  ON stored.tenant_id = by_count.tenant_id AND stored.minute = by_count.minute
)
SELECT
  *,
  GREATEST(accepted + resolved - receipts - spool_waiting - without_outbox_row, 0) AS not_outboxed,
  GREATEST(receipts - accepted - resolved, 0) AS uncounted
FROM figures
WHERE minute >= from_time AND minute < to_time
