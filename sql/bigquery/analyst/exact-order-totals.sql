-- Question: What do the amounts in the payloads of paid orders add up to, exactly?
-- Decimals in payloads are text: a cast to a floating point number would round them.
-- Bytes cap: 20 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id,
  provider,
  JSON_VALUE(payload, '$.order.currency') AS currency,
  COUNT(*) AS orders,
  SUM(CAST(JSON_VALUE(payload, '$.order.total') AS NUMERIC)) AS total
FROM integration_events_between(@from_time, @to_time)
WHERE event_type = 'order.paid'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
