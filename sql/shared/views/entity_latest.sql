-- The latest event of each entity, over all of history: its latest state, as far as the provider's
-- events tell it. For entities changed in a window read entity_latest_between(from_time, to_time),
-- which reads only the window's days.
SELECT *
FROM entity_latest_between(TIMESTAMP '2000-01-01 00:00:00', TIMESTAMP '2200-01-01 00:00:00')
