-- One row per event among those received from from_time until before to_time: the outbox without the
-- repetitions that at-least-once delivery brings, without the observations, which consumers get as the
-- events they were resolved to, and without canaries. Of several rows of an event the first received.
SELECT *
FROM integration_events_outbox
WHERE received_at >= from_time AND received_at < to_time AND event_type NOT LIKE '%.observed'
  AND source <> 'canary'
QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant_id, event_id ORDER BY received_at) = 1
