-- When the newest message of which there is proof was published, from from_time until before to_time;
-- null when there is none.
-- Bytes cap: 10 GiB
-- @from_time TIMESTAMP
-- @to_time TIMESTAMP
SELECT MAX(publish_time) AS published_at
FROM integration_events_published
WHERE publish_time >= @from_time AND publish_time < @to_time
