-- One row per event that Pub/Sub proves it carried, by the time of publishing, from from_time until
-- before to_time, in typed columns. Of several messages of an event the first. Columns that come from
-- the message itself make BigQuery read all of it: leave them out where the ids are enough.
SELECT
  JSON_VALUE(attributes, '$.tenant_id') AS tenant_id,
  JSON_VALUE(attributes, '$.org_id') AS org_id,
  JSON_VALUE(attributes, '$.event_id') AS event_id,
  JSON_VALUE(attributes, '$.event_type') AS event_type,
  JSON_VALUE(attributes, '$.connection_id') AS connection_id,
  JSON_VALUE(attributes, '$.provider') AS provider,
  JSON_VALUE(attributes, '$.trace_id') AS trace_id,
  publish_time,
  message_id,
  JSON_VALUE(data, '$.entity_type') AS entity_type,
  JSON_VALUE(data, '$.entity_id') AS entity_id,
  CAST(JSON_VALUE(data, '$.occurred_at') AS TIMESTAMP) AS occurred_at,
  CAST(JSON_VALUE(data, '$.received_at') AS TIMESTAMP) AS received_at,
  JSON_QUERY(data, '$.payload') AS payload
FROM integration_events_published
WHERE publish_time >= from_time AND publish_time < to_time
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(attributes, '$.tenant_id'), JSON_VALUE(attributes, '$.event_id')
  ORDER BY publish_time
) = 1
