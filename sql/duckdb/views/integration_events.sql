-- One row per event: the outbox without the repetitions that at-least-once delivery brings.
CREATE OR REPLACE VIEW integration_events AS
SELECT *
FROM integration_events_outbox
QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant_id, event_id ORDER BY received_at) = 1
