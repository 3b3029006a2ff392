-- Question: How many deals were won each week, by provider?
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id,
  DATE_TRUNC(DATE(occurred_at), ISOWEEK) AS week,
  provider,
  COUNT(*) AS won
FROM integration_events_between(@from_time, @to_time)
WHERE event_type IN ('deal.won', 'opportunity.won')
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
