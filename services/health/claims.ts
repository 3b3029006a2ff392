import type { Queryable } from '#platform/database/database.ts';
import type { CheckTarget } from './check.ts';

/**
 * Up to a tenth early, so that checks do not all come at once: the task looks once a minute, and what is due
 * a second after that would wait for the next.
 */
const NEXT = 'now() + make_interval(secs => interval_seconds * (0.9 + 0.1 * random()))';

/** Makes rows for connections that have none yet, and passes over those that are not checked now. */
export async function prepareRun(database: Queryable): Promise<void> {
  await makeMissingRows(database);
  // Else every claim would have to go past them.
  await database.query(
    `UPDATE connection_health SET next_check_at = ${NEXT}
     WHERE connection_id IN (
       SELECT due.connection_id
       FROM connection_health AS due JOIN connections AS own ON own.id = due.connection_id
       WHERE due.next_check_at <= now()
         AND (own.status = 'inactive' OR own.disconnected_at IS NOT NULL)
       FOR UPDATE OF due SKIP LOCKED
     )`,
  );
}

async function makeMissingRows(database: Queryable): Promise<void> {
  await database.query(
    `INSERT INTO connection_health (connection_id, tenant_id, org_id)
     SELECT id, tenant_id, org_id FROM connections
     WHERE NOT EXISTS (SELECT FROM connection_health WHERE connection_id = connections.id)
     ON CONFLICT DO NOTHING`,
  );
}

/**
 * Takes the connection that has been due for the longest, and sets its next check: no other process takes
 * it for this interval.
 *
 * @returns undefined when none is due
 */
export async function claimDue(database: Queryable): Promise<CheckTarget | undefined> {
  const [row] = await database.query<TargetRow>(
    `UPDATE connection_health AS health SET next_check_at = ${NEXT}
     FROM connections
     WHERE connections.id = health.connection_id AND health.connection_id = (
       SELECT due.connection_id
       FROM connection_health AS due JOIN connections AS own ON own.id = due.connection_id
       WHERE due.next_check_at <= now() AND own.status <> 'inactive' AND own.disconnected_at IS NULL
       ORDER BY due.next_check_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED
     ) RETURNING connections.id, connections.tenant_id, connections.org_id, provider, settings`,
  );
  return row && targetOf(row);
}

/** Sets the next check of a connection that is checked now, on request. */
export async function claimNow(database: Queryable, connectionId: string): Promise<void> {
  await database.query(
    `INSERT INTO connection_health AS health (connection_id, tenant_id, org_id, next_check_at)
     SELECT id, tenant_id, org_id, now() + interval '5 minutes' FROM connections WHERE id = $1
     ON CONFLICT (connection_id) DO UPDATE
     SET next_check_at = now() + make_interval(secs => health.interval_seconds)`,
    [connectionId],
  );
}

interface TargetRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly settings: Record<string, unknown>;
}

function targetOf({ id, tenant_id, org_id, provider, settings }: TargetRow): CheckTarget {
  return { id, tenantId: tenant_id, orgId: org_id, provider, settings };
}
