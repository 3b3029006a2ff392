-- One row per event that consumers get, over all of history: the outbox without the repetitions that
-- at-least-once delivery brings, and without observations. For a window read integration_events_between(from_time, to_time), which reads only
-- the window's days.
SELECT *
FROM integration_events_between(TIMESTAMP '2000-01-01 00:00:00', TIMESTAMP '2200-01-01 00:00:00')
