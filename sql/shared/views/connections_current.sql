-- Connections as they are now: the latest change of each, without those that were deleted.
SELECT *
FROM (
  SELECT *
  FROM integration_connections
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY tenant_id, connection_id ORDER BY version DESC, changed_at DESC
  ) = 1
) AS latest
WHERE operation <> 'deleted'
