-- What administrators see and steer: connections with their accounts, credentials, health, webhook
-- registrations and logs; who changed what; keys and sessions. Secrets stand here as references or
-- hashes alone.

ALTER TABLE connections
  -- The provider's id of the account, which may be connected once.
  ADD COLUMN account_id text,
  ADD COLUMN account_name text,
  -- What lists are searched in: made once for each change, not for each row of each search.
  ADD COLUMN search_text text
    GENERATED ALWAYS AS (lower(name || ' ' || coalesce(account_name, ''))) STORED,
  ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
  -- Why it is not active: a stable word and a sentence.
  ADD COLUMN status_reason text,
  ADD COLUMN status_detail text,
  ADD COLUMN status_since timestamptz NOT NULL DEFAULT now(),
  -- Since when it is disconnected: its credentials are gone, its data stays.
  ADD COLUMN disconnected_at timestamptz,
  -- Noted by the server, without a new version.
  ADD COLUMN last_sync_at timestamptz,
  ADD COLUMN last_error text,
  ADD COLUMN last_error_detail text,
  ADD COLUMN last_error_at timestamptz,
  ADD COLUMN error_count bigint NOT NULL DEFAULT 0,
  DROP CONSTRAINT connections_tenant_id_provider_name_key;

CREATE UNIQUE INDEX connections_name
  ON connections (tenant_id, coalesce(org_id, ''), provider, name);
CREATE UNIQUE INDEX connections_account
  ON connections (tenant_id, coalesce(org_id, ''), provider, account_id)
  WHERE account_id IS NOT NULL;
CREATE INDEX connections_page ON connections (tenant_id, created_at, id);

-- Changes that analysts are yet to be told of: an outbox for the warehouse's integration_connections.
-- Written by a trigger, so that no writer of connections can forget it.
CREATE TABLE connection_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL,
  change jsonb NOT NULL
);

DO $$
BEGIN
  EXECUTE format(
    $function$
    CREATE FUNCTION note_connection_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I AS $body$
    DECLARE
      -- Of a connection that is gone, the state before it went.
      told connections := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    BEGIN
      INSERT INTO connection_changes (tenant_id, change) VALUES (told.tenant_id, jsonb_build_object(
        'connection_id', told.id,
        'tenant_id', told.tenant_id,
        'org_id', told.org_id,
        'provider', told.provider,
        'name', told.name,
        'status', told.status,
        'secret_ref', told.secret_ref,
        'last_error', CASE told.status WHEN 'error' THEN told.status_detail END,
        'version', told.version + CASE TG_OP WHEN 'DELETE' THEN 1 ELSE 0 END,
        -- These two are not for analysts: a failure is also told as an event.
        'status_reason', told.status_reason,
        'status_before', CASE TG_OP WHEN 'UPDATE' THEN OLD.status END,
        'operation', CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END,
        'created_at', told.created_at,
        'changed_at', clock_timestamp()
      ));
      RETURN NULL;
    END
    $body$
    $function$,
    current_schema()
  );
END
$$;

CREATE TRIGGER note_new_connection AFTER INSERT OR DELETE ON connections
  FOR EACH ROW EXECUTE FUNCTION note_connection_change();
CREATE TRIGGER note_changed_connection AFTER UPDATE ON connections
  FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version)
  EXECUTE FUNCTION note_connection_change();

-- How a connection calls its provider. The token or key is in the secret store under secret_ref; the
-- version in use is pinned, so that all processes agree on which one that is.
CREATE TABLE connection_credentials (
  connection_id text PRIMARY KEY REFERENCES connections ON DELETE CASCADE,
  tenant_id text NOT NULL,
  org_id text,
  kind text NOT NULL CHECK (kind IN ('oauth2', 'jwt_bearer', 'client_credentials', 'api_key')),
  secret_ref text NOT NULL,
  secret_ref_version integer NOT NULL,
  -- NULL: it does not expire, or nobody knows when.
  expires_at timestamptz,
  scopes_requested text[] NOT NULL DEFAULT '{}',
  scopes_granted text[] NOT NULL DEFAULT '{}',
  last_used_at timestamptz,
  last_refreshed_at timestamptz,
  refresh_count bigint NOT NULL DEFAULT 0,
  -- Set before the provider is asked for new tokens and cleared when they are stored: still set, it says
  -- that an answer may have been lost.
  refresh_started_at timestamptz,
  -- Of refreshes that failed in a row.
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  failure text,
  failure_detail text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX connection_credentials_expiring ON connection_credentials (expires_at)
  WHERE expires_at IS NOT NULL;

-- When a connection is checked, and whether it is called at all: an open circuit lets one call pass in a
-- while.
CREATE TABLE connection_health (
  connection_id text PRIMARY KEY REFERENCES connections ON DELETE CASCADE,
  tenant_id text NOT NULL,
  org_id text,
  interval_seconds integer NOT NULL DEFAULT 300 CHECK (interval_seconds BETWEEN 60 AND 86400),
  next_check_at timestamptz NOT NULL DEFAULT now(),
  circuit text NOT NULL DEFAULT 'closed' CHECK (circuit IN ('closed', 'open', 'half_open')),
  failures_in_a_row integer NOT NULL DEFAULT 0,
  opened_at timestamptz,
  last_check_at timestamptz,
  last_outcome text CHECK (last_outcome IN ('ok', 'failed'))
);
CREATE INDEX connection_health_due ON connection_health (next_check_at);

CREATE TABLE connection_checks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connection_id text NOT NULL REFERENCES connections ON DELETE CASCADE,
  tenant_id text NOT NULL,
  org_id text,
  checked_at timestamptz NOT NULL DEFAULT now(),
  outcome text NOT NULL CHECK (outcome IN ('ok', 'failed')),
  code text,
  detail text,
  duration_ms integer NOT NULL
);
CREATE INDEX connection_checks_connection ON connection_checks (connection_id, checked_at);
CREATE INDEX connection_checks_checked_at ON connection_checks (checked_at);

-- What happened with a connection, for the people who run it. Never holds a value of a secret.
CREATE TABLE connection_logs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connection_id text NOT NULL REFERENCES connections ON DELETE CASCADE,
  tenant_id text NOT NULL,
  org_id text,
  logged_at timestamptz NOT NULL DEFAULT now(),
  level text NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  kind text NOT NULL CHECK (kind IN ('change', 'credentials', 'health', 'registration', 'poll')),
  code text NOT NULL,
  message text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX connection_logs_connection ON connection_logs (connection_id, id);
CREATE INDEX connection_logs_logged_at ON connection_logs (logged_at);

-- Webhooks that were registered at a provider by its API.
CREATE TABLE webhook_registrations (
  id uuid PRIMARY KEY,
  connection_id text NOT NULL REFERENCES connections ON DELETE CASCADE,
  tenant_id text NOT NULL,
  org_id text,
  -- What it is for, in the provider's words: an object, a channel, a subscription.
  resource text NOT NULL,
  -- The provider's id of it; NULL until it has answered.
  external_id text,
  state text NOT NULL CHECK (state IN ('pending', 'active', 'failed')),
  expires_at timestamptz,
  renewed_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  failure text,
  failure_detail text,
  data jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (connection_id, resource)
);
CREATE INDEX webhook_registrations_expiring ON webhook_registrations (expires_at)
  WHERE expires_at IS NOT NULL;

-- Who did what. Nobody changes or removes a row.
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text NOT NULL,
  org_id text,
  happened_at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  -- "subject.verb", such as connection.disabled.
  action text NOT NULL,
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  -- As the API shows the subject, which is without secrets.
  before jsonb,
  after jsonb,
  request_id text
);
CREATE INDEX audit_log_page ON audit_log (tenant_id, id DESC);
CREATE INDEX audit_log_subject ON audit_log (tenant_id, subject_type, subject_id, id DESC);

-- Keys of programs, as hashes.
CREATE TABLE api_keys (
  id text PRIMARY KEY,
  tenant_id text NOT NULL,
  org_id text,
  name text NOT NULL,
  -- How it begins, so that people can tell keys apart.
  prefix text NOT NULL,
  hash text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('member', 'administrator', 'owner')),
  -- Parts of the API it may be used for, such as connections:read; empty for all that the role may.
  scopes text[] NOT NULL DEFAULT '{}',
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_page ON api_keys (tenant_id, created_at, id);

-- Browsers that are signed in, by the hash of their cookie.
CREATE TABLE sessions (
  id_hash text PRIMARY KEY,
  tenant_id text NOT NULL,
  org_id text,
  role text NOT NULL CHECK (role IN ('member', 'administrator', 'owner')),
  subject text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Links to sign in by that were used: each works once.
CREATE TABLE used_sign_in_links (
  id text PRIMARY KEY,
  expires_at timestamptz NOT NULL
);

-- The application that we are at a provider: a tenant's own, or the installation's, of its operator.
CREATE TABLE oauth_clients (
  tenant_id text NOT NULL,
  provider text NOT NULL,
  client_id text NOT NULL,
  secret_ref text NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, provider)
);

-- Consents that were asked for and not given yet. Taken out by the one callback that may use it.
CREATE TABLE oauth_authorizations (
  state_hash text PRIMARY KEY,
  tenant_id text NOT NULL,
  org_id text,
  -- The browser that asked: another one's callback is refused.
  session_hash text NOT NULL,
  provider text NOT NULL,
  -- The connection to authenticate again; NULL for a new one.
  connection_id text,
  -- What the new connection is to be.
  draft jsonb NOT NULL,
  scopes text[] NOT NULL,
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX oauth_authorizations_expires_at ON oauth_authorizations (expires_at);

-- Answers to requests that may be sent again. Without secrets: those are shown once.
CREATE TABLE idempotency_keys (
  tenant_id text NOT NULL,
  -- Who sent it: two callers may use the same key.
  actor text NOT NULL,
  key text NOT NULL,
  request_hash text NOT NULL,
  -- NULL while the first request is under way.
  status integer,
  body text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, actor, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

SELECT isolate_tenant_table('connection_credentials', 'SELECT, INSERT, UPDATE, DELETE');
SELECT isolate_tenant_table('connection_health', 'SELECT, INSERT, UPDATE');
SELECT isolate_tenant_table('connection_checks', 'SELECT');
SELECT isolate_tenant_table('connection_logs', 'SELECT, INSERT');
SELECT isolate_tenant_table('webhook_registrations', 'SELECT, INSERT, UPDATE, DELETE');
SELECT isolate_tenant_table('audit_log', 'SELECT, INSERT');
SELECT isolate_tenant_table('api_keys', 'SELECT, INSERT, UPDATE');
SELECT isolate_tenant_table('oauth_clients', 'SELECT, INSERT, UPDATE, DELETE');

SELECT isolate_server_table(name) FROM unnest(ARRAY[
  'connection_changes',
  'idempotency_keys',
  'oauth_authorizations',
  'sessions',
  'used_sign_in_links'
]) AS name;
