-- Reconciliation compares what the outbox holds with what the bus proves it carried, and heals what one
-- side lacks. How far each direction has come, and whether the proofs can be trusted, is one row.
CREATE TABLE reconcile_progress (
  name text PRIMARY KEY,
  -- Proofs are complete from here on: nothing earlier is ever compared.
  since timestamptz NOT NULL,
  -- Outbox rows received before this were compared at least once.
  published_through timestamptz NOT NULL,
  -- Proofs published before this were compared at least once.
  appended_through timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'probing', 'suspended')),
  reason text,
  state_since timestamptz NOT NULL DEFAULT now()
);

-- Events that were published again and have no proof yet, and what cannot be healed. Bounded: rows go
-- when proof appears, and by age.
CREATE TABLE reconcile_gaps (
  direction text NOT NULL CHECK (direction IN ('publish', 'append')),
  event_id text NOT NULL,
  tenant_id text,
  -- Time of receipt of an event to publish; time of publishing of a message to append.
  at timestamptz NOT NULL,
  -- carried: published again, proof awaited. unproven: as often as it may be. unusable: see reason.
  state text NOT NULL CHECK (state IN ('carried', 'unproven', 'unusable')),
  reason text,
  attempts integer NOT NULL DEFAULT 0,
  attempted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (direction, event_id)
);

CREATE INDEX reconcile_gaps_state ON reconcile_gaps (state, attempted_at);

-- The latest runs, for people, and so that what was compared lately is compared once more: rows may be
-- appended some time after they were received.
CREATE TABLE reconcile_runs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('scheduled', 'deep', 'manual')),
  dry_run boolean NOT NULL,
  -- Where the directions stood when the run began.
  published_through timestamptz NOT NULL,
  appended_through timestamptz NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  -- JSON text; null while it runs, and of a run that was killed.
  report text
);

CREATE INDEX reconcile_runs_started_at ON reconcile_runs (started_at);
