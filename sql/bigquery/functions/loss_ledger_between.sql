-- For each tenant and minute from from_time until before to_time: events accepted into the outbox, how
-- many of them Pub/Sub proves it carried, and how many ids one side has and the other lacks. The minute
-- is that of receipt, and of publishing where there is no outbox row. The two tables are written
-- independently: the other side counts when it comes within eight days.
WITH accepted AS (
  SELECT tenant_id, event_id, MIN(received_at) AS received_at
  FROM integration_events_outbox
  WHERE received_at >= from_time - INTERVAL 8 DAY AND received_at < to_time + INTERVAL 1 HOUR
  GROUP BY tenant_id, event_id
),
carried AS (
  SELECT
    JSON_VALUE(attributes, '$.tenant_id') AS tenant_id,
    JSON_VALUE(attributes, '$.event_id') AS event_id,
    MIN(publish_time) AS published_at
  FROM integration_events_published
  WHERE publish_time >= from_time - INTERVAL 1 HOUR AND publish_time < to_time + INTERVAL 8 DAY
  GROUP BY 1, 2
)
SELECT
  COALESCE(accepted.tenant_id, carried.tenant_id) AS tenant_id,
  TIMESTAMP_TRUNC(COALESCE(accepted.received_at, carried.published_at), MINUTE) AS minute,
  COUNT(accepted.event_id) AS accepted,
  COUNT(carried.event_id) AS published,
  COUNT(accepted.event_id) - COUNT(carried.event_id) AS difference,
  COUNT(*) - COUNT(carried.event_id) AS without_proof,
  COUNT(*) - COUNT(accepted.event_id) AS without_outbox_row
FROM accepted
FULL OUTER JOIN carried
ON accepted.tenant_id = carried.tenant_id AND accepted.event_id = carried.event_id
WHERE COALESCE(accepted.received_at, carried.published_at) >= from_time
  AND COALESCE(accepted.received_at, carried.published_at) < to_time
GROUP BY 1, 2
