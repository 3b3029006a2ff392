-- The messages of some events as the bus carried them, published from from_time until before to_time.
-- event_ids holds the events with commas between.
SELECT subscription_name, publish_time, data, attributes
FROM integration_events_published
WHERE publish_time >= $from_time::TIMESTAMP AND publish_time < $to_time::TIMESTAMP
  AND CASE
    WHEN STARTS_WITH(attributes, '{"event_id":"') THEN SUBSTR(attributes, 14, 36)
    ELSE attributes ->> '$.event_id'
  END IN (SELECT UNNEST(STRING_SPLIT($event_ids::VARCHAR, ',')))
ORDER BY publish_time, message_id
