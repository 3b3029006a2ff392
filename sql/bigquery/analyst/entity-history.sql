-- Question: What happened to one entity, in order?
-- Bytes cap: 20 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @tenant_id STRING
-- @entity_type STRING
-- @entity_id STRING
SELECT occurred_at, event_type, source, actor, connection_id, event_id, payload
FROM integration_events_between(@from_time, @to_time)
WHERE tenant_id = @tenant_id
  AND entity_type = @entity_type
  AND entity_id = @entity_id
ORDER BY occurred_at, received_at, event_id
