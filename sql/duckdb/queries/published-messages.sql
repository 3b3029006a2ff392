-- Some messages as the bus carried them, published from from_time until before to_time. message_ids
-- holds their ids with commas between; messages of both topics may share one.
SELECT subscription_name, message_id, publish_time, data, attributes
FROM integration_events_published
WHERE publish_time >= $from_time::TIMESTAMP AND publish_time < $to_time::TIMESTAMP
  AND message_id IN (SELECT UNNEST(STRING_SPLIT($message_ids::VARCHAR, ',')))
