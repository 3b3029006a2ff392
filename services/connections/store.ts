import { randomBytes } from 'node:crypto';
import type { Database } from '#platform/database/database.ts';
import { ConnectionExists, NotFound, NotPermitted } from '#schemas/problems.ts';
import type { Connection, ConnectionStatus } from './connection.ts';

export interface NewConnection {
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly provider: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

interface ConnectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly name: string;
  readonly status: ConnectionStatus;
  readonly settings: Record<string, unknown>;
  readonly secret_ref: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const COLUMNS =
  'id, tenant_id, org_id, provider, name, status, settings, secret_ref, created_at, updated_at';
const UNIQUE_VIOLATION = '23505';

/** Whose connections: an organisation's, or with null those of the platform level. */
export interface Owner {
  readonly tenantId: string;
  readonly orgId: string | null;
}

const VISIBLE = 'tenant_id = $1 AND (org_id IS NULL OR org_id = $2)';

/** Connections in Postgres. */
export class ConnectionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws ConnectionExists when the tenant has one of this provider and name */
  async insert(connection: NewConnection, id: string, secretRef: string): Promise<Connection> {
    const { tenantId, orgId, provider, name, settings } = connection;
    try {
      const rows = await this.#database.query<ConnectionRow>(
        `INSERT INTO connections (id, tenant_id, org_id, provider, name, status, settings, secret_ref)
         VALUES ($1, $2, $3, $4, $5, 'active', $6, $7) RETURNING ${COLUMNS}`,
        [id, tenantId, orgId, provider, name, JSON.stringify(settings), secretRef],
      );
      return single(rows, id);
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      throw new ConnectionExists(
        `There is a ${provider} connection named "${name}" already. Choose another name, or list the connections to find it.`,
      );
    }
  }

  /** Every connection of every tenant: for the directory that intake reads. */
  async all(): Promise<Connection[]> {
    const rows = await this.#database.query<ConnectionRow>(`SELECT ${COLUMNS} FROM connections`);
    return rows.map(fromRow);
  }

  /** The connections of an organisation and of the platform level, oldest first. */
  async list({ tenantId, orgId }: Owner): Promise<Connection[]> {
    const rows = await this.#database.query<ConnectionRow>(
      `SELECT ${COLUMNS} FROM connections WHERE ${VISIBLE} ORDER BY created_at, id`,
      [tenantId, orgId],
    );
    return rows.map(fromRow);
  }

  /**
   * @throws NotFound when the organisation cannot see it
   * @throws NotPermitted when it is of the platform level, and the owner is an organisation
   */
  async setStatus(owner: Owner, id: string, status: ConnectionStatus): Promise<Connection> {
    const { tenantId, orgId } = owner;
    const rows = await this.#database.query<ConnectionRow>(
      `UPDATE connections SET status = $4, version = version + 1, updated_at = now()
       WHERE tenant_id = $1 AND org_id IS NOT DISTINCT FROM $2 AND id = $3 RETURNING ${COLUMNS}`,
      [tenantId, orgId, id, status],
    );
    if (rows.length === 0) await this.#refuseChange(owner, id);
    return single(rows, id);
  }

  async #refuseChange({ tenantId, orgId }: Owner, id: string): Promise<void> {
    const seen = await this.#database.query(
      `SELECT 1 FROM connections WHERE ${VISIBLE} AND id = $3`,
      [tenantId, orgId, id],
    );
    if (seen.length === 0) return;
    throw new NotPermitted(
      `Connection ${id} is shared by all organisations. An administrator of the platform changes it.`,
    );
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

function fromRow(row: ConnectionRow): Connection {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    orgId: row.org_id,
    provider: row.provider,
    name: row.name,
    status: row.status,
    settings: row.settings,
    secretRef: row.secret_ref,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
