-- Question: In which minutes do the figures of the loss ledger disagree, as what was accepted, stored,
-- carried and consumed? Minutes of the last ten before to_time are left out, as the other side may still
-- be on its way.
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id, minute, CAST(NULL AS STRING) AS consumer,
  not_outboxed, uncounted, without_proof, without_outbox_row,
  0 AS not_consumed, 0 AS perhaps_not_consumed
FROM loss_ledger_between(@from_time, @to_time - INTERVAL 10 MINUTE)
WHERE not_outboxed > 0 OR uncounted > 0 OR without_proof > 0 OR without_outbox_row > 0
UNION ALL
SELECT
  tenant_id, minute, consumer,
  0 AS not_outboxed, 0 AS uncounted, 0 AS without_proof, 0 AS without_outbox_row,
  not_consumed, perhaps_not_consumed
FROM consumption_ledger_between(@from_time, @to_time - INTERVAL 10 MINUTE)
WHERE not_consumed > 0 OR perhaps_not_consumed > 0
ORDER BY minute, tenant_id, consumer NULLS FIRST
