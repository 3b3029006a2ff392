-- Outbox rows of some events, received from from_time until before to_time. event_ids holds the events
-- with commas between. An event may have more than one row.
SELECT *
FROM integration_events_outbox
WHERE received_at >= $from_time::TIMESTAMP AND received_at < $to_time::TIMESTAMP
  AND event_id IN (SELECT UNNEST(STRING_SPLIT($event_ids::VARCHAR, ',')))
