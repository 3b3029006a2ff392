-- Events that neither the outbox nor the bus confirmed in time, so that their sender could be answered
-- all the same. They leave in the order in which they came, once either store takes them.
CREATE TABLE spooled_events (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id uuid NOT NULL,
  tenant_id text NOT NULL,
  received_at timestamptz NOT NULL,
  bytes integer NOT NULL,
  -- True when earlier events of its process wait in the outbox alone: it may not pass them on the bus.
  after_outbox boolean NOT NULL DEFAULT false,
  -- The canonical event as JSON text: names of fields are the provider's, and may hold what jsonb cannot.
  event text NOT NULL
);

-- What is in it now. Entering takes the one row first, which bounds the spool exactly and gives the
-- events of all processes one order.
CREATE TABLE spool_usage (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  events bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0
);
INSERT INTO spool_usage DEFAULT VALUES;

-- How many were ever spooled, by minute of receipt: the loss ledger counts them after they have left.
CREATE TABLE spool_ledger (
  tenant_id text NOT NULL,
  minute timestamptz NOT NULL,
  events bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, minute)
);

-- True while the process holds events back because earlier ones are not on the bus yet. A process that
-- starts meanwhile does not publish past them either.
ALTER TABLE relay_watermarks ADD COLUMN behind boolean NOT NULL DEFAULT false;
