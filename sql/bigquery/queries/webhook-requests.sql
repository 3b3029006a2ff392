-- The newest requests that were not simply accepted, of one tenant and, for who runs the installation,
-- of none that is known. A page ends with all that it is ordered by, from which the next goes on.
-- They are kept for 90 days; the filter reaches back to the first day there can be.
-- Bytes cap: 20 GiB
-- @tenant_id STRING
-- @org_id STRING
-- @with_unknown BOOL
-- @connection_id STRING
-- @before_received_at TIMESTAMP
-- @before_request_id STRING
-- @before_occurrences INT64
-- @row_limit INT64
SELECT *
FROM webhook_requests
WHERE received_at >= TIMESTAMP '2020-01-01 00:00:00+00'
  AND (tenant_id = @tenant_id OR (@with_unknown AND tenant_id IS NULL))
  AND (CAST(@org_id AS STRING) IS NULL OR org_id IS NULL OR org_id = CAST(@org_id AS STRING))
  AND (CAST(@connection_id AS STRING) IS NULL OR connection_id = CAST(@connection_id AS STRING))
  AND (
    CAST(@before_received_at AS TIMESTAMP) IS NULL
    OR received_at < CAST(@before_received_at AS TIMESTAMP)
    OR (received_at = CAST(@before_received_at AS TIMESTAMP)
      AND (request_id < CAST(@before_request_id AS STRING)
        OR (request_id = CAST(@before_request_id AS STRING)
          AND occurrences < CAST(@before_occurrences AS INT64))))
  )
ORDER BY received_at DESC, request_id DESC, occurrences DESC
LIMIT @row_limit
