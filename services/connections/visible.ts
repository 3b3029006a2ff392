import type { Queryable } from '#platform/database/database.ts';
import { NotFound, NotPermitted } from '#schemas/problems.ts';
import type { Connection, ConnectionStatus } from './connection.ts';
import type { Owner } from './store.ts';

/** A connection that the caller may see, as far as the routes about one need it. */
export interface VisibleConnection
  extends Pick<Connection, 'id' | 'tenantId' | 'orgId' | 'provider' | 'name' | 'settings'> {
  readonly status: ConnectionStatus;
  readonly isDisconnected: boolean;
}

interface VisibleRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly status: ConnectionStatus;
  readonly is_disconnected: boolean;
}

/**
 * A connection of the organisation, or one that all organisations share.
 *
 * @param database that of the caller, see `forTenant`
 * @throws NotFound also when it is another's
 */
export async function findVisible(
  database: Queryable,
  { tenantId, orgId }: Owner,
  id: string,
): Promise<VisibleConnection> {
  const [row] = await database.query<VisibleRow>(
    `SELECT id, tenant_id, org_id, provider, name, settings, status,
       disconnected_at IS NOT NULL AS is_disconnected
     FROM connections WHERE tenant_id = $1 AND (org_id IS NULL OR org_id = $2) AND id = $3`,
    [tenantId, orgId, id],
  );
  if (!row) throw new NotFound(`There is no connection ${id.slice(0, 60)}.`);
  return {
    id: row.id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    provider: row.provider,
    name: row.name,
    settings: row.settings,
    status: row.status,
    isDisconnected: row.is_disconnected,
  };
}

/**
 * A connection that the caller may change.
 *
 * @throws NotFound as `findVisible`
 * @throws NotPermitted when it is of the platform level, and the caller acts for an organisation
 */
export async function findOwn(
  database: Queryable,
  owner: Owner,
  id: string,
): Promise<VisibleConnection> {
  const connection = await findVisible(database, owner, id);
  if (connection.orgId === owner.orgId) return connection;
  throw new NotPermitted(
    `Connection ${connection.id} is shared by all organisations. An administrator of the platform changes it.`,
  );
}
