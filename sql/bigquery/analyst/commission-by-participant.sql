-- Question: What did each participant earn in a period, and how much of it was taken back?
-- An entry of the period may be calculated later, never before calculated_from. to_date is
-- exclusive.
-- Bytes cap: 1 GiB
-- @calculated_from TIMESTAMP
-- @from_date DATE
-- @to_date DATE
WITH entries AS (
  SELECT *
  FROM commission_entries
  WHERE calculated_at >= @calculated_from
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant_id, entry_id ORDER BY calculated_at) = 1
)
SELECT
  tenant_id,
  participant_id,
  currency,
  COUNT(*) AS entries,
  SUM(CASE WHEN reversal_of IS NULL THEN amount ELSE 0 END) AS earned,
  SUM(CASE WHEN reversal_of IS NULL THEN 0 ELSE amount END) AS reversed,
  SUM(amount) AS net
FROM entries
WHERE effective_date >= @from_date AND effective_date < @to_date
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
