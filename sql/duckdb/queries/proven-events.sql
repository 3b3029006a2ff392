-- Which of some events have proof of passage that was published from from_time until before to_time.
-- event_ids holds them with commas between. A message for one consumer alone proves nothing.
SELECT DISTINCT event_id
FROM (
  SELECT
    CASE
      WHEN STARTS_WITH(attributes, '{"event_id":"') THEN SUBSTR(attributes, 14, 36)
      ELSE attributes ->> '$.event_id'
    END AS event_id
  FROM integration_events_published
  WHERE publish_time >= $from_time::TIMESTAMP AND publish_time < $to_time::TIMESTAMP
    AND (
      NOT CONTAINS(attributes, '_consumer"')
      OR (attributes ->> '$.only_consumer') IS NULL
    )
) AS carried
WHERE event_id IN (SELECT UNNEST(STRING_SPLIT($event_ids::VARCHAR, ',')))
