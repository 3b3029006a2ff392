-- Canaries of a time that the outbox holds, and those that have a proof of passage.
-- It reads the attributes of all proofs of the days of that time, once in an interval.
-- Bytes cap: 20 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT event_id, 'outbox' AS place
FROM integration_events_outbox
WHERE received_at >= @from_time AND received_at < @to_time AND event_type = 'canary.sent'
UNION DISTINCT
SELECT JSON_VALUE(attributes, '$.event_id') AS event_id, 'published' AS place
FROM integration_events_published
WHERE publish_time >= @from_time AND publish_time < @to_time
  AND JSON_VALUE(attributes, '$.event_type') = 'canary.sent'
