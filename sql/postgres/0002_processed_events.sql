-- The consumers' ledger makes at-least-once delivery one effective event: a consumer writes its row
-- here in the transaction of its effect. Rows are kept for 7 days or longer and cleaned by time.
CREATE TABLE processed_events (
  consumer text NOT NULL,
  event_id uuid NOT NULL,
  tenant_id text NOT NULL,
  processed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);

CREATE INDEX processed_events_processed_at ON processed_events (processed_at);
