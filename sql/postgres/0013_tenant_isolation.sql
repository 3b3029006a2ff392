-- Tenants are kept apart by the database too. What a request asks for is run as the role tributary_app,
-- which owns nothing and bypasses nothing, with the caller set for the transaction:
--
--   tributary.tenant_id  the tenant
--   tributary.org_id     the organisation it acts for; empty for the platform level
--   tributary.reach      'tenant' sees all organisations; 'org' its own and what all of them share
--
-- Without them it sees nothing. The owner of the tables is the server, which works for all tenants:
-- ledgers, spool and leases are its alone.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tributary_app') THEN
    CREATE ROLE tributary_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION
  -- Another database of the same server made it at the same moment.
  WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

DO $$
BEGIN
  IF NOT pg_has_role(CURRENT_USER, 'tributary_app', 'MEMBER') THEN
    GRANT tributary_app TO CURRENT_USER;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO tributary_app', current_schema());
END
$$;

-- Puts a table under row-level security for everybody, its owner included, who is the server.
CREATE FUNCTION isolate_server_table(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY server ON %I TO CURRENT_USER USING (true)', name);
END
$$;

-- The same, and lets requests at the rows of their caller. `may` is what they may do, such as
-- 'SELECT, INSERT'. A table without org_id is of the platform level.
CREATE FUNCTION isolate_tenant_table(name text, may text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- As subqueries the settings are read once for each statement, not for each row.
  of_tenant constant text := 'tenant_id = (SELECT current_setting(''tributary.tenant_id'', true))';
  of_all constant text := '(SELECT current_setting(''tributary.reach'', true)) = ''tenant''';
  own text := of_all;
  seen text := of_all;
BEGIN
  PERFORM isolate_server_table(name);
  IF EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = name::regclass AND attname = 'org_id' AND NOT attisdropped
  ) THEN
    own := of_all || ' OR org_id IS NOT DISTINCT FROM (SELECT nullif(current_setting(''tributary.org_id'', true), ''''))';
    seen := own || ' OR org_id IS NULL';
  END IF;
  own := format('(%s) AND (%s)', of_tenant, own);
  seen := format('(%s) AND (%s)', of_tenant, seen);
  EXECUTE format('GRANT %s ON %I TO tributary_app', may, name);
  EXECUTE format('CREATE POLICY app_select ON %I FOR SELECT TO tributary_app USING (%s)', name, seen);
  EXECUTE format('CREATE POLICY app_insert ON %I FOR INSERT TO tributary_app WITH CHECK (%s)', name, own);
  EXECUTE format('CREATE POLICY app_update ON %I FOR UPDATE TO tributary_app USING (%s) WITH CHECK (%s)', name, own, own);
  EXECUTE format('CREATE POLICY app_delete ON %I FOR DELETE TO tributary_app USING (%s)', name, own);
END
$$;

SELECT isolate_tenant_table('connections', 'SELECT, INSERT, UPDATE, DELETE');
SELECT isolate_tenant_table('replays', 'SELECT, INSERT, UPDATE');
SELECT isolate_tenant_table('replay_predicates', 'SELECT, INSERT, UPDATE, DELETE');
SELECT isolate_tenant_table('dead_letters', 'SELECT, UPDATE');
SELECT isolate_tenant_table('canaries', 'SELECT');

SELECT isolate_server_table(name) FROM unnest(ARRAY[
  'consumers',
  'entity_states',
  'leases',
  'ledger_exported_consumers',
  'ledger_exports',
  'ledger_progress',
  'processed_events',
  'reconcile_gaps',
  'reconcile_progress',
  'reconcile_runs',
  'relay_watermarks',
  'replayed_events',
  'resolved_observations',
  'schema_migrations',
  'spool_ledger',
  'spool_usage',
  'spooled_events'
]) AS name;
