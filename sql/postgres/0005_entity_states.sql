-- Some providers say that a record changed and not how: created or updated, won just now or long ago.
-- What the observations of an entity so far have told stands here, so that the next one can be
-- resolved. Hashes of fields and small facts, no values. Text and not jsonb: names of fields are the
-- provider's, and may hold what Postgres' JSON cannot.
CREATE TABLE entity_states (
  tenant_id text NOT NULL,
  connection_id text NOT NULL,
  entity_type text NOT NULL,
  entity_id text NOT NULL,
  state text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, connection_id, entity_type, entity_id)
);

-- What each observation was resolved to. Written in the transaction that changes the state: an
-- observation that is delivered again gives the same events again, and never counts twice.
CREATE TABLE resolved_observations (
  observation_id uuid PRIMARY KEY,
  tenant_id text NOT NULL,
  connection_id text NOT NULL,
  events text NOT NULL,
  note text,
  resolved_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX resolved_observations_resolved_at ON resolved_observations (resolved_at);
