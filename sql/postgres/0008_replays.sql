-- An operator has part of the outbox published again. A replay outlives the process that works on it:
-- its position is saved after each batch that the bus confirmed, and its row is the receipt afterwards.
CREATE TABLE replays (
  id uuid PRIMARY KEY,
  tenant_id text NOT NULL,
  org_id text,
  predicate jsonb NOT NULL,
  predicate_name text,
  consumer text,
  mode text NOT NULL CHECK (mode IN ('missing', 'again')),
  rate_per_second integer CHECK (rate_per_second > 0),
  max_events bigint NOT NULL,
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'running', 'paused', 'finished', 'cancelled', 'failed')),
  matched bigint NOT NULL,
  published bigint NOT NULL DEFAULT 0,
  -- The last row that was published: {received_at, occurred_at, event_id}.
  position jsonb,
  -- The problem that it waits out, while it does; the one that ended it, when it failed.
  waits_for text,
  failure text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  -- Whose writes count: a process that has lost the lease no longer moves the position.
  runner uuid,
  process text
);

CREATE INDEX replays_runnable ON replays (created_at) WHERE state IN ('waiting', 'running');
CREATE INDEX replays_tenant ON replays (tenant_id, created_at DESC);

-- What an operator replays again and again, by name.
CREATE TABLE replay_predicates (
  tenant_id text NOT NULL,
  name text NOT NULL,
  predicate jsonb NOT NULL,
  created_by text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name)
);
