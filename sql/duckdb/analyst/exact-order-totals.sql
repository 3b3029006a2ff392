-- Question: What do the amounts in the payloads of paid orders add up to, exactly?
-- Decimals in payloads are text: a cast to a floating point number would round them.
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
SELECT
  tenant_id,
  provider,
  payload ->> '$.order.currency' AS currency,
  COUNT(*) AS orders,
  SUM(CAST(payload ->> '$.order.total' AS DECIMAL(38, 9))) AS total
FROM integration_events_between($from_time::TIMESTAMP, $to_time::TIMESTAMP)
WHERE event_type = 'order.paid'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
