import type { Database } from '#platform/database/database.ts';
import type { CheckTarget } from './check.ts';

/** Stores an active HubSpot connection. */
export async function storeConnection(
  database: Database,
  id: string,
  overrides: Partial<CheckTarget> = {},
): Promise<CheckTarget> {
  const connection = {
    id,
    tenantId: 'acme',
    orgId: null,
    provider: 'hubspot',
    settings: {},
    ...overrides,
  };
  await database.query(
    `INSERT INTO connections (id, tenant_id, org_id, provider, name, settings, secret_ref)
     VALUES ($1, $2, $3, $4, $1, $5, 'ref')`,
    [
      id,
      connection.tenantId,
      connection.orgId,
      connection.provider,
      JSON.stringify(connection.settings),
    ],
  );
  return connection;
}

/** Stores checks that were made some seconds ago; a code makes one a failed one. */
export async function storeChecks(
  database: Database,
  connectionId: string,
  checks: readonly {
    readonly agoSeconds: number;
    readonly durationMs?: number;
    readonly code?: string;
  }[],
): Promise<void> {
  await database.query(
    `INSERT INTO connection_checks
       (connection_id, tenant_id, org_id, checked_at, outcome, code, detail, duration_ms)
     SELECT id, tenant_id, org_id, now() - make_interval(secs => ago),
       CASE WHEN code IS NULL THEN 'ok' ELSE 'failed' END, code, code, duration
     FROM connections, unnest($2::float8[], $3::text[], $4::int[]) AS given (ago, code, duration)
     WHERE id = $1`,
    [
      connectionId,
      checks.map(({ agoSeconds }) => agoSeconds),
      checks.map(({ code }) => code ?? null),
      checks.map(({ durationMs }) => durationMs ?? 100),
    ],
  );
  await database.query(
    `UPDATE connections SET last_error_at = (
       SELECT max(checked_at) FROM connection_checks
       WHERE connection_id = $1 AND outcome = 'failed'
     ) WHERE id = $1`,
    [connectionId],
  );
}

/** Lets time pass for the circuit of a connection. */
export async function letPass(
  database: Database,
  connectionId: string,
  seconds: number,
): Promise<void> {
  await database.query(
    `UPDATE connection_health SET opened_at = opened_at - make_interval(secs => $2)
     WHERE connection_id = $1`,
    [connectionId, seconds],
  );
}

/** The codes in the log of a connection, in the order they came. */
export async function loggedCodes(database: Database, connectionId: string): Promise<string[]> {
  const rows = await database.query<{ code: string }>(
    'SELECT code FROM connection_logs WHERE connection_id = $1 ORDER BY id',
    [connectionId],
  );
  return rows.map(({ code }) => code);
}
