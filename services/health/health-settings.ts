import type { TenantDatabase } from '#platform/database/tenant-database.ts';
import type { Principal } from '../access/principal.ts';
import { recordAudit } from '../audit-log/record.ts';
import { ConnectionStore, type Owner } from '../connections/store.ts';
import type { CheckTarget } from './check.ts';
import { logConnection } from './connection-log.ts';
import { DEFAULT_INTERVAL } from './health-facts.ts';

/**
 * Sets how often a connection is checked. The next check comes sooner where the new interval is shorter.
 *
 * @param database that of the caller
 * @throws NotFound also when it is another's
 * @throws NotPermitted when the caller may see it and not change it
 */
export async function setCheckInterval(
  database: TenantDatabase,
  principal: Principal,
  id: string,
  intervalSeconds: number,
): Promise<void> {
  await database.transaction(async (tx) => {
    const connection = await new ConnectionStore(tx).own(principal, id);
    const [set] = await tx.query<{ interval_seconds: number }>(
      'SELECT interval_seconds FROM connection_health WHERE connection_id = $1 AND tenant_id = $2',
      [id, connection.tenantId],
    );
    await tx.query(
      `INSERT INTO connection_health AS health (connection_id, tenant_id, org_id, interval_seconds)
       VALUES ($1, $2, $3, $4::int)
       ON CONFLICT (connection_id) DO UPDATE SET interval_seconds = EXCLUDED.interval_seconds,
         next_check_at = least(health.next_check_at, now() + make_interval(secs => $4::int))`,
      [id, connection.tenantId, connection.orgId, intervalSeconds],
    );
    await recordAudit(tx, principal, {
      action: 'connection.check_interval_changed',
      subjectType: 'connection',
      subjectId: id,
      before: { interval_seconds: set?.interval_seconds ?? DEFAULT_INTERVAL },
      after: { interval_seconds: intervalSeconds },
    });
    await logConnection(tx, connection, {
      level: 'info',
      kind: 'change',
      code: 'check_interval_changed',
      message: `${principal.actor} set the interval of the checks.`,
      data: { interval_seconds: intervalSeconds },
    });
  });
}

/**
 * The organisation's own connections that can be checked, the ones checked longest ago first.
 *
 * @returns as many as `limit`, and how many there are
 */
export async function listCheckable(
  database: TenantDatabase,
  { tenantId, orgId }: Owner,
  limit: number,
): Promise<{ readonly connections: CheckTarget[]; readonly total: number }> {
  const rows = await database.query<{
    id: string;
    provider: string;
    settings: Record<string, unknown>;
    total: number;
  }>(
    `SELECT id, provider, settings, count(*) OVER ()::int AS total
     FROM connections LEFT JOIN connection_health AS health ON health.connection_id = id
     WHERE connections.tenant_id = $1 AND connections.org_id IS NOT DISTINCT FROM $2
       AND status <> 'inactive' AND disconnected_at IS NULL
     ORDER BY last_check_at NULLS FIRST, id LIMIT $3`,
    [tenantId, orgId, limit],
  );
  const connections = rows.map(({ id, provider, settings }) => ({
    id,
    tenantId,
    orgId,
    provider,
    settings,
  }));
  return { connections, total: rows[0]?.total ?? 0 };
}
