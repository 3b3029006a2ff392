-- One row per event that Pub/Sub proves it carried, by the time of publishing, from from_time until
-- before to_time, in typed columns. Of several messages of an event the first. Columns that come from
-- the message itself make BigQuery read all of it: leave them out where the ids are enough.
SELECT
  attributes ->> '$.tenant_id' AS tenant_id,
  attributes ->> '$.org_id' AS org_id,
  attributes ->> '$.event_id' AS event_id,
  attributes ->> '$.event_type' AS event_type,
  attributes ->> '$.connection_id' AS connection_id,
  attributes ->> '$.provider' AS provider,
  attributes ->> '$.trace_id' AS trace_id,
  publish_time,
  message_id,
  data ->> '$.entity_type' AS entity_type,
  data ->> '$.entity_id' AS entity_id,
  CAST(data ->> '$.occurred_at' AS TIMESTAMP) AS occurred_at,
  CAST(data ->> '$.received_at' AS TIMESTAMP) AS received_at,
  CAST(data -> '$.payload' AS VARCHAR) AS payload
FROM integration_events_published
WHERE publish_time >= from_time AND publish_time < to_time
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY attributes ->> '$.tenant_id', attributes ->> '$.event_id'
  ORDER BY publish_time
) = 1
