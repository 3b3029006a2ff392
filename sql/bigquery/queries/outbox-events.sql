-- Outbox rows of some events, received from from_time until before to_time. event_ids holds the events
-- with commas between. An event may have more than one row.
-- Bytes cap: 100 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
-- @event_ids STRING
SELECT *
FROM integration_events_outbox
WHERE received_at >= @from_time AND received_at < @to_time
  AND event_id IN (SELECT id FROM UNNEST(SPLIT(@event_ids, ',')) AS id)
