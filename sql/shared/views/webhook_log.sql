-- What reached intake, one row per webhook request, over all of history: accepted ones from the outbox,
-- the others as they were recorded. For a window read webhook_log_between(from_time, to_time), which
-- reads only the window's days.
SELECT *
FROM webhook_log_between(TIMESTAMP '2000-01-01 00:00:00', TIMESTAMP '2200-01-01 00:00:00')
