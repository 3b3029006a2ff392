-- Each minute of the last 31 days in which the figures of the loss ledger disagree, but for the last ten
-- minutes, in which the other side may be on its way: one row for the minute, and one for each consumer
-- that lacks events. not_outboxed, without_proof, without_outbox_row and not_consumed are to be healed.
-- uncounted is no loss: a killed process lost the count, or the sender was told to repeat the request.
SELECT
  tenant_id, minute, CAST(NULL AS STRING) AS consumer,
  not_outboxed, uncounted, without_proof, without_outbox_row,
  0 AS not_consumed, 0 AS perhaps_not_consumed
FROM loss_ledger_between(
  MAKE_TIMESTAMP(EPOCH_US(NOW())) - INTERVAL 31 DAY,
  DATE_TRUNC('minute', MAKE_TIMESTAMP(EPOCH_US(NOW())) - INTERVAL 10 MINUTE)
)
WHERE not_outboxed > 0 OR uncounted > 0 OR without_proof > 0 OR without_outbox_row > 0
UNION ALL
SELECT
  tenant_id, minute, consumer,
  0 AS not_outboxed, 0 AS uncounted, 0 AS without_proof, 0 AS without_outbox_row,
  not_consumed, perhaps_not_consumed
FROM consumption_ledger_between(
  MAKE_TIMESTAMP(EPOCH_US(NOW())) - INTERVAL 31 DAY,
  DATE_TRUNC('minute', MAKE_TIMESTAMP(EPOCH_US(NOW())) - INTERVAL 10 MINUTE)
)
WHERE not_consumed > 0 OR perhaps_not_consumed > 0
