-- Question: Which connections tell us late: how long after a change happened do we receive it?
-- occurred_at is what the provider says; its clock may be ahead of ours.
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
WITH latencies AS (
  SELECT
    tenant_id,
    connection_id,
    provider,
    DATE_SUB('millisecond', occurred_at, received_at) AS latency_ms
  FROM integration_events_between($from_time::TIMESTAMP, $to_time::TIMESTAMP)
)
SELECT
  tenant_id,
  connection_id,
  provider,
  COUNT(*) AS events,
  SUM(CASE WHEN latency_ms > 60000 THEN 1 ELSE 0 END) AS over_a_minute,
  ROUND(AVG(latency_ms) / 1000, 3) AS average_seconds,
  MAX(latency_ms) / 1000 AS slowest_seconds
FROM latencies
GROUP BY 1, 2, 3
ORDER BY slowest_seconds DESC, connection_id
