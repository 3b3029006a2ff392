-- What was counted elsewhere of a tenant's events, by minute of receipt: of each reporter the row recorded
-- last, reporters added up.
WITH latest AS (
  SELECT minute, measure, consumer, total
  FROM integration_ledger_counts
  WHERE minute >= $from_time::TIMESTAMP
    AND minute < $to_time::TIMESTAMP
    AND tenant_id = $tenant_id::VARCHAR
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY minute, measure, consumer, reporter ORDER BY recorded_at DESC, total DESC
  ) = 1
)
SELECT minute, measure, consumer, SUM(total) AS total
FROM latest
GROUP BY minute, measure, consumer
ORDER BY minute, measure, consumer
