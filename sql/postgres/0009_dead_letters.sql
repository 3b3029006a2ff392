-- What a consumer cannot handle must neither be lost nor hold up what comes after it: it is kept here,
-- whole and with its reason, until somebody has it tried again or drops it. The row is made with the
-- first failed attempt, so that attempts are counted the same on every bus and over restarts.
CREATE TABLE dead_letters (
  -- Made of the consumer and the event, so that every delivery of a message finds the same row.
  id uuid PRIMARY KEY,
  -- The order of first failures, for pages and for work in batches.
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  -- The consumer, or the subscription that gave up by itself.
  consumer text NOT NULL,
  topic text NOT NULL,
  -- NULL where the message holds no event.
  event_id uuid,
  -- The replay in which an event was to act once more; NULL for everything else.
  replay_id text,
  tenant_id text NOT NULL,
  connection_id text,
  event_type text,
  entity_type text,
  entity_id text,
  received_at timestamptz,
  -- Data, attributes and ordering key as one JSON text: any character can stand in it.
  message text NOT NULL,
  message_bytes integer NOT NULL,
  state text NOT NULL CHECK (state IN ('retrying', 'open', 'retried', 'dropped', 'resolved')),
  attempts integer NOT NULL,
  -- Name and code of the last failure, never its text.
  reason text NOT NULL,
  -- The latest attempts, each with its time and reason.
  history jsonb NOT NULL,
  first_failed_at timestamptz NOT NULL DEFAULT now(),
  last_failed_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  -- Counts changes: what was republished is marked so only if nothing has become of it meanwhile.
  version bigint NOT NULL DEFAULT 1,
  retried_at timestamptz,
  retried_by text,
  dropped_at timestamptz,
  dropped_by text,
  dropped_reason text
);

CREATE UNIQUE INDEX dead_letters_sequence ON dead_letters (tenant_id, sequence);
CREATE INDEX dead_letters_unsettled ON dead_letters (state, consumer)
  WHERE state IN ('retrying', 'open');
CREATE INDEX dead_letters_settled ON dead_letters (changed_at)
  WHERE state IN ('retried', 'dropped', 'resolved');

-- Who should have consumed what, since when, and whether it goes on: a consumer that stopped the line
-- stays stopped over restarts until an operator resumes it.
CREATE TABLE consumers (
  name text PRIMARY KEY,
  topic text NOT NULL,
  subscribed_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped')),
  stopped_reason text,
  stopped_at timestamptz,
  -- The event that stopped it, whose it is, and when it was received.
  stopped_event_id uuid,
  stopped_tenant_id text,
  stopped_received_at timestamptz
);

-- The ledger of replays in which events act once more: once for each replay.
CREATE TABLE replayed_events (
  replay_id text NOT NULL,
  consumer text NOT NULL,
  event_id uuid NOT NULL,
  tenant_id text NOT NULL,
  processed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (replay_id, consumer, event_id)
);

CREATE INDEX replayed_events_processed_at ON replayed_events (processed_at);

-- When the events were received, so that what was consumed can be counted by the minute of receipt.
ALTER TABLE processed_events ADD COLUMN received_at timestamptz;
ALTER TABLE resolved_observations ADD COLUMN received_at timestamptz;

CREATE INDEX processed_events_received_at
  ON processed_events (tenant_id, received_at, consumer);
CREATE INDEX resolved_observations_received_at
  ON resolved_observations (tenant_id, received_at);
