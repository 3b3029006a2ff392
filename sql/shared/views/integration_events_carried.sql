-- One row per event that Pub/Sub proves it carried, in typed columns, over all proofs there are, which is
-- 90 days. For a window read integration_events_carried_between(from_time, to_time), which reads only the
-- window's days.
SELECT *
FROM integration_events_carried_between(TIMESTAMP '2000-01-01 00:00:00', TIMESTAMP '2200-01-01 00:00:00')
