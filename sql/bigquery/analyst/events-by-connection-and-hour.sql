-- Question: How many events did each connection bring in each hour?
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id,
  connection_id,
  TIMESTAMP_TRUNC(received_at, HOUR) AS hour,
  COUNT(*) AS events
FROM integration_events_between(@from_time, @to_time)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
