import { randomBytes } from 'node:crypto';
import type { Queryable } from '#platform/database/database.ts';
import { AccountConnected, ConnectionExists, NotFound, NotPermitted } from '#schemas/problems.ts';
import type { Connection, ConnectionStatus } from './connection.ts';
import { COLUMNS, type ConnectionRow, fromRow } from './connection-row.ts';

export interface NewConnection {
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly provider: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly accountId?: string | null;
  readonly accountName?: string | null;
}

/** What of a connection can be changed. What is absent stays. */
export interface ConnectionChange {
  readonly name?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly status?: ConnectionStatus;
  readonly statusReason?: string | null;
  readonly statusDetail?: string | null;
  readonly accountId?: string | null;
  readonly accountName?: string | null;
  /** ISO 8601, or null when it is connected. */
  readonly disconnectedAt?: string | null;
}

/** Whose connections: an organisation's, or with null those of the platform level. */
export interface Owner {
  readonly tenantId: string;
  readonly orgId: string | null;
}

const UNIQUE_VIOLATION = '23505';
const VISIBLE = 'tenant_id = $1 AND (org_id IS NULL OR org_id = $2)';
const OWN = 'tenant_id = $1 AND org_id IS NOT DISTINCT FROM $2';

/**
 * Connections in Postgres. On the database itself it is the server's, of all tenants; on that of one
 * tenant (`forTenant`) row-level security stands behind what is asked for here.
 */
export class ConnectionStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /**
   * @throws ConnectionExists when the organisation has one of this provider and name
   * @throws AccountConnected when it has one of this account
   */
  async insert(connection: NewConnection, id: string, secretRef: string): Promise<Connection> {
    const { tenantId, orgId, provider, name, settings, labels = {} } = connection;
    const { accountId = null, accountName = null } = connection;
    const rows = await this.#database
      .query<ConnectionRow>(
        `INSERT INTO connections (id, tenant_id, org_id, provider, name, status, settings, secret_ref,
           labels, account_id, account_name)
         VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10) RETURNING ${COLUMNS}`,
        [
          ...[id, tenantId, orgId, provider, name, JSON.stringify(settings), secretRef],
          ...[JSON.stringify(labels), accountId, accountName],
        ],
      )
      .catch((error) => refuseDuplicate(error, provider, name));
    return single(rows, id);
  }

  /** Every connection of every tenant: for the directory that intake reads. */
  async all(): Promise<Connection[]> {
    const rows = await this.#database.query<ConnectionRow>(`SELECT ${COLUMNS} FROM connections`);
    return rows.map(fromRow);
  }

  /** @throws NotFound when the organisation cannot see it */
  async find({ tenantId, orgId }: Owner, id: string): Promise<Connection> {
    const rows = await this.#database.query<ConnectionRow>(
      `SELECT ${COLUMNS} FROM connections WHERE ${VISIBLE} AND id = $3`,
      [tenantId, orgId, id],
    );
    return single(rows, id);
  }

  /**
   * The connection, held against other changes until the transaction ends.
   *
   * @throws NotFound when the organisation cannot see it
   * @throws NotPermitted when it is of the platform level, and the owner is an organisation
   */
  async own(owner: Owner, id: string): Promise<Connection> {
    const rows = await this.#database.query<ConnectionRow>(
      `SELECT ${COLUMNS} FROM connections WHERE ${OWN} AND id = $3 FOR UPDATE`,
      [owner.tenantId, owner.orgId, id],
    );
    if (rows.length > 0) return single(rows, id);
    await this.find(owner, id);
    throw new NotPermitted(
      `Connection ${id} is shared by all organisations. An administrator of the platform changes it.`,
    );
  }

  /**
   * Changes a connection that `own` gave.
   *
   * @throws ConnectionExists, AccountConnected as insert does
   */
  async update(
    { id, provider, ...before }: Connection,
    change: ConnectionChange,
  ): Promise<Connection> {
    const after = { ...before, ...change };
    const rows = await this.#database
      .query<ConnectionRow>(
        `UPDATE connections SET name = $2, settings = $3, labels = $4, status = $5, status_reason = $6,
           status_detail = $7, account_id = $8, account_name = $9, disconnected_at = $10,
           status_since = CASE WHEN status = $5 THEN status_since ELSE now() END,
           version = version + 1, updated_at = clock_timestamp()
         WHERE id = $1 RETURNING ${COLUMNS}`,
        [
          ...[id, after.name, JSON.stringify(after.settings), JSON.stringify(after.labels)],
          ...[after.status, after.statusReason, after.statusDetail],
          ...[after.accountId, after.accountName, after.disconnectedAt],
        ],
      )
      .catch((error) => refuseDuplicate(error, provider, after.name));
    return single(rows, id);
  }

  /** Removes a connection that `own` gave, and the rows that hang on it. */
  async delete({ id }: Connection): Promise<void> {
    await this.#database.query('DELETE FROM connections WHERE id = $1', [id]);
  }
}

/** A new connection id: 100 random bits, so that it cannot be guessed from another. */
export function newConnectionId(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const characters = Array.from(randomBytes(20), (byte) => alphabet.charAt(byte & 31));
  return `con_${characters.join('')}`;
}

function single(rows: ConnectionRow[], id: string): Connection {
  const row = rows[0];
  if (!row) throw new NotFound(`There is no connection ${id}.`);
  return fromRow(row);
}

function refuseDuplicate(error: unknown, provider: string, name: string): never {
  const { code, constraint } = error as { code?: string; constraint?: string };
  if (code !== UNIQUE_VIOLATION) throw error;
  if (constraint === 'connections_account') {
    throw new AccountConnected(
      `This ${provider} account is connected already. List the connections of the provider to find it; one that is disconnected can be reconnected.`,
    );
  }
  throw new ConnectionExists(
    `There is a ${provider} connection named "${name}" already. Choose another name, or list the connections to find it.`,
  );
}
