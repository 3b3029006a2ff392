-- The newest requests that were not simply accepted, of one tenant and, for who runs the installation,
-- of none that is known.
-- A page ends with all that it is ordered by, from which the next goes on.
SELECT *
FROM webhook_requests
WHERE (tenant_id = $tenant_id::VARCHAR OR ($with_unknown::BOOLEAN AND tenant_id IS NULL))
  AND ($org_id::VARCHAR IS NULL OR org_id IS NULL OR org_id = $org_id::VARCHAR)
  AND ($connection_id::VARCHAR IS NULL OR connection_id = $connection_id::VARCHAR)
  AND (
    $before_received_at::TIMESTAMP IS NULL
    OR (received_at, request_id, occurrences)
      < ($before_received_at::TIMESTAMP, $before_request_id::VARCHAR, $before_occurrences::BIGINT)
  )
ORDER BY received_at DESC, request_id DESC, occurrences DESC
LIMIT $row_limit::BIGINT
