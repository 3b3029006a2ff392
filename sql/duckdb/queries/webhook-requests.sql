-- The newest requests that were not simply accepted, of one tenant or of none that is known.
SELECT *
FROM webhook_requests
WHERE (tenant_id = $tenant_id::VARCHAR OR tenant_id IS NULL)
  AND ($connection_id::VARCHAR IS NULL OR connection_id = $connection_id::VARCHAR)
ORDER BY received_at DESC, request_id
LIMIT $row_limit::BIGINT
