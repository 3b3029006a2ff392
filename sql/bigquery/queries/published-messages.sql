-- The messages of some events as the bus carried them, published from from_time until before to_time.
-- event_ids holds the events with commas between.
-- Bytes cap: 100 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @event_ids STRING
SELECT subscription_name, publish_time, data, attributes
FROM integration_events_published
WHERE publish_time >= @from_time AND publish_time < @to_time
  AND JSON_VALUE(attributes, '$.event_id') IN (SELECT id FROM UNNEST(SPLIT(@event_ids, ',')) AS id)
ORDER BY publish_time, message_id
