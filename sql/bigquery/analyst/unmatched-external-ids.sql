-- Question: Whose transactions can be credited to nobody, as their external id stands for no
-- employee?
-- Bytes cap: 5 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
WITH transactions AS (
  SELECT *
  FROM transaction_events
  WHERE received_at >= @from_time AND received_at < @to_time
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant_id, event_id ORDER BY received_at) = 1
),
latest AS (
  SELECT tenant_id, connection_id, external_id, internal_id
  FROM identity_external_id_map
  WHERE entity_type = 'employee'
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY tenant_id, connection_id, external_id ORDER BY recorded_at DESC
  ) = 1
)
SELECT
  transactions.tenant_id,
  transactions.connection_id,
  transactions.person_external_id,
  transactions.currency,
  COUNT(DISTINCT transactions.transaction_id) AS transactions,
  SUM(transactions.amount) AS amount
FROM transactions
LEFT JOIN latest
ON latest.tenant_id = transactions.tenant_id
  AND latest.connection_id = transactions.connection_id
  AND latest.external_id = transactions.person_external_id
WHERE transactions.person_external_id IS NOT NULL AND latest.internal_id IS NULL
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
