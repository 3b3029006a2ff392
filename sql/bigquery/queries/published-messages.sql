-- Some messages as the bus carried them, published from from_time until before to_time. message_ids
-- holds their ids with commas between; messages of both topics may share one.
-- Bytes cap: 100 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @message_ids STRING
SELECT subscription_name, message_id, publish_time, data, attributes
FROM integration_events_published
WHERE publish_time >= @from_time AND publish_time < @to_time
  AND message_id IN UNNEST(SPLIT(@message_ids, ','))
