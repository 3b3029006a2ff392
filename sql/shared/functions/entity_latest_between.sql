-- The latest event of each entity among those received from from_time until before to_time: its latest
-- state, as far as the provider's events tell it. An entity that was deleted has its deletion here.
SELECT *
FROM integration_events_outbox
WHERE received_at >= from_time AND received_at < to_time AND event_type NOT LIKE '%.observed'
  AND source <> 'canary'
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY tenant_id, connection_id, entity_type, entity_id
  ORDER BY occurred_at DESC, received_at DESC, event_id DESC
) = 1
