-- Synthetic events, one for each connection and interval, sent the whole way to show that it is open.
-- What became of each is noted where it is found: in the outbox, as a proof of passage, at a consumer.
CREATE TABLE canaries (
  event_id uuid PRIMARY KEY,
  tenant_id text NOT NULL,
  connection_id text NOT NULL,
  sent_at timestamptz NOT NULL,
  outboxed boolean NOT NULL DEFAULT false,
  published boolean NOT NULL DEFAULT false,
  consumed_at timestamptz
);

CREATE INDEX canaries_connection ON canaries (tenant_id, connection_id, sent_at DESC);
CREATE INDEX canaries_sent_at ON canaries (sent_at);
