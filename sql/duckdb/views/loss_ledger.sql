-- The loss ledger of the last 31 days, by tenant and minute of receipt. Not of all history, as proofs
-- expire after 90 days. For another window read loss_ledger_between(from_time, to_time).
SELECT *
FROM loss_ledger_between(
  MAKE_TIMESTAMP(EPOCH_US(NOW())) - INTERVAL 31 DAY,
  MAKE_TIMESTAMP(EPOCH_US(NOW())) + INTERVAL 1 DAY
)
