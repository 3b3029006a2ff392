-- Question: Why were webhook requests rejected, how often, and when last?
-- Bytes cap: 1 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT
  tenant_id,
  provider,
  reason,
  http_status,
  SUM(occurrences) AS requests,
  MAX(received_at) AS last_at
FROM webhook_requests
WHERE received_at >= @from_time AND received_at < @to_time
  AND outcome = 'rejected'
GROUP BY 1, 2, 3, 4
ORDER BY requests DESC, reason
