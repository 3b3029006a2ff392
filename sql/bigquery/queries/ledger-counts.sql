-- What was counted elsewhere of a tenant's events, by minute of receipt: of each reporter the row recorded
-- last, reporters added up.
-- Bytes cap: 10 GiB
-- @tenant_id STRING
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
WITH latest AS (
  SELECT minute, measure, consumer, total
  FROM integration_ledger_counts
  WHERE minute >= @from_time
    AND minute < @to_time
    AND tenant_id = @tenant_id
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY minute, measure, consumer, reporter ORDER BY recorded_at DESC, total DESC
  ) = 1
)
SELECT minute, measure, consumer, SUM(total) AS total
FROM latest
GROUP BY minute, measure, consumer
ORDER BY minute, measure, consumer
