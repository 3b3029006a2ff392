-- Which of some events have proof of passage that was published from from_time until before to_time.
-- event_ids holds them with commas between. A message for one consumer alone proves nothing.
-- Bytes cap: 100 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @event_ids STRING
SELECT DISTINCT JSON_VALUE(attributes, '$.event_id') AS event_id
FROM integration_events_published
WHERE publish_time >= @from_time AND publish_time < @to_time
  AND JSON_VALUE(attributes, '$.only_consumer') IS NULL
  AND JSON_VALUE(attributes, '$.event_id') IN (SELECT id FROM UNNEST(SPLIT(@event_ids, ',')) AS id)
