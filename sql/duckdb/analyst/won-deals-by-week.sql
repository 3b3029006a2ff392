-- Question: How many deals were won each week, by provider?
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
SELECT
  tenant_id,
  CAST(DATE_TRUNC('week', occurred_at) AS DATE) AS week,
  provider,
  COUNT(*) AS won
FROM integration_events_between($from_time::TIMESTAMP, $to_time::TIMESTAMP)
WHERE event_type IN ('deal.won', 'opportunity.won')
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
