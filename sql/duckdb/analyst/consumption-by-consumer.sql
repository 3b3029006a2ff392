-- Question: How far is each consumer with the events received in the window?
-- $from_time TIMESTAMP
-- $to_time TIMESTAMP
SELECT
  tenant_id,
  consumer,
  SUM(expected) AS expected,
  SUM(consumed) AS consumed,
  SUM(dead_lettered) AS dead_lettered,
  SUM(not_consumed) AS not_consumed,
  MIN(CASE WHEN not_consumed > 0 THEN minute END) AS behind_since
FROM consumption_ledger_between($from_time::TIMESTAMP, $to_time::TIMESTAMP)
GROUP BY tenant_id, consumer
ORDER BY tenant_id, consumer
