-- What Postgres knows of the loss ledger, which is what was consumed, spooled and dead-lettered by minute
-- of receipt, is exported to the warehouse, where it is compared with what the outbox has. Each pass
-- writes only what has changed since the last one.
CREATE TABLE ledger_progress (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  -- Nobody noted when events were received that were consumed before: those are not missed.
  began_at timestamptz NOT NULL DEFAULT now(),
  -- What was processed until then has been exported.
  exported_through timestamptz NOT NULL DEFAULT now()
);

INSERT INTO ledger_progress DEFAULT VALUES;

-- What was exported last of each count. Of consumed counts only the latest hour's stay, so that unchanged
-- ones are not written again; the others stay until they are zero, which has to be told too.
CREATE TABLE ledger_exports (
  measure text NOT NULL,
  tenant_id text NOT NULL,
  minute timestamptz NOT NULL,
  -- Empty where the count is not of one consumer.
  consumer text NOT NULL,
  total bigint NOT NULL,
  exported_at timestamptz NOT NULL,
  PRIMARY KEY (measure, tenant_id, minute, consumer)
);

CREATE TABLE ledger_exported_consumers (
  name text PRIMARY KEY,
  topic text NOT NULL,
  since timestamptz NOT NULL
);
