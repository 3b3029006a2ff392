-- Question: Which connections are in error, since when and why?
SELECT tenant_id, org_id, connection_id, provider, name, last_error, changed_at
FROM connections_current
WHERE status = 'error'
ORDER BY changed_at, connection_id
