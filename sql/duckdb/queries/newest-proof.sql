-- When the newest message of which there is proof was published, from from_time until before to_time;
-- null when there is none.
SELECT MAX(publish_time) AS published_at
FROM integration_events_published
WHERE publish_time >= $from_time::TIMESTAMP AND publish_time < $to_time::TIMESTAMP
