-- Question: Which entries of a period take back earlier ones, and of when?
-- calculated_from must reach back to the entries that are taken back. to_date is exclusive.
-- $calculated_from TIMESTAMP
-- $from_date DATE
-- $to_date DATE
WITH entries AS (
  SELECT *
  FROM commission_entries
  WHERE calculated_at >= $calculated_from::TIMESTAMP
  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant_id, entry_id ORDER BY calculated_at) = 1
)
SELECT
  reversal.tenant_id,
  reversal.participant_id,
  reversal.entry_id,
  reversal.reversal_of,
  reversal.transaction_id,
  reversal.currency,
  reversal.amount,
  reversal.effective_date,
  original.amount AS original_amount,
  original.effective_date AS original_date
FROM entries AS reversal
LEFT JOIN entries AS original
ON original.tenant_id = reversal.tenant_id AND original.entry_id = reversal.reversal_of
WHERE reversal.reversal_of IS NOT NULL
  AND reversal.effective_date >= $from_date::DATE
  AND reversal.effective_date < $to_date::DATE
ORDER BY reversal.effective_date, reversal.entry_id
