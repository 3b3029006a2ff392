-- Question: How many events did each connection bring in each hour?
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
SELECT
  tenant_id,
  connection_id,
  DATE_TRUNC('hour', received_at) AS hour,
  COUNT(*) AS events
FROM integration_events_between($from_time::TIMESTAMP, $to_time::TIMESTAMP)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
