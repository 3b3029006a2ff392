-- Question: What was sold, net of refunds, by category and currency?
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
WITH transactions AS (
  SELECT *
  FROM transaction_events
  WHERE received_at >= $from_time::TIMESTAMP AND received_at < $to_time::TIMESTAMP
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant_id, event_id ORDER BY received_at) = 1
)
SELECT
  tenant_id,
  category,
  currency,
  COUNT(DISTINCT transaction_id) AS transactions,
  SUM(quantity) AS quantity,
  SUM(amount) AS net_amount
FROM transactions
GROUP BY 1, 2, 3
ORDER BY tenant_id, currency, net_amount DESC
