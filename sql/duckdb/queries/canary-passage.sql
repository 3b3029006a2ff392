-- Canaries of a time that the outbox holds, and those that have a proof of passage.
SELECT event_id, 'outbox' AS place
FROM integration_events_outbox
WHERE received_at >= $from_time::TIMESTAMP AND received_at < $to_time::TIMESTAMP
  AND event_type = 'canary.sent'
UNION
SELECT attributes ->> '$.event_id' AS event_id, 'published' AS place
FROM integration_events_published
WHERE publish_time >= $from_time::TIMESTAMP AND publish_time < $to_time::TIMESTAMP
  AND attributes LIKE '%canary.sent%'
  AND (attributes ->> '$.event_type') = 'canary.sent'
