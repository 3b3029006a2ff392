-- Question: In which minutes do the outbox and what Pub/Sub carried disagree?
-- Of the last minutes the other side may still be on its way.
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT tenant_id, minute, accepted, published, difference, without_proof, without_outbox_row
FROM loss_ledger_between(@from_time, @to_time)
WHERE without_proof > 0 OR without_outbox_row > 0
ORDER BY minute, tenant_id
