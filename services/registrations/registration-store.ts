import { randomUUID } from 'node:crypto';
import type { RegisteredWebhook } from '#adapters/kit/provider-api.ts';
import type { Queryable } from '#platform/database/database.ts';
import {
  COLUMNS as CONNECTION_COLUMNS,
  type ConnectionRow,
  fromRow,
} from '../connections/connection-row.ts';
import type { RegisteredWith, RegisteringConnection, Registration } from './registration.ts';
import { COLUMNS, type Row, registrationOf } from './registration-row.ts';

const CONNECTION = `SELECT ${CONNECTION_COLUMNS}, EXISTS (
    SELECT FROM connection_credentials k WHERE k.connection_id = connections.id) AS has_credential
  FROM connections`;

type RegisteringRow = ConnectionRow & { readonly has_credential: boolean };

/** A failure, as it is kept. */
export interface Failure {
  readonly state: Registration['state'];
  readonly code: string;
  readonly detail: string;
  readonly retryAtMs: number;
}

/** Registrations in Postgres. The server's work: it is not bounded to a tenant. */
export class RegistrationStore {
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** @returns undefined when there is none */
  async connection(id: string): Promise<RegisteringConnection | undefined> {
    const rows = await this.#database.query<RegisteringRow>(`${CONNECTION} WHERE id = $1`, [id]);
    return rows[0] && registeringOf(rows[0]);
  }

  /**
   * Connections whose webhooks are to be looked at: those that may register some, and those that have
   * some left.
   *
   * @param afterId the page begins behind it
   */
  async connections(
    providers: readonly string[],
    afterId: string,
    limit: number,
  ): Promise<RegisteringConnection[]> {
    const rows = await this.#database.query<RegisteringRow>(
      `${CONNECTION}
       WHERE provider = ANY ($1::text[]) AND id > $2 AND (
         (disconnected_at IS NULL AND status <> 'inactive' AND EXISTS (
           SELECT FROM connection_credentials k WHERE k.connection_id = connections.id))
         OR EXISTS (SELECT FROM webhook_registrations r WHERE r.connection_id = connections.id))
       ORDER BY id LIMIT $3`,
      [providers, afterId, limit],
    );
    return rows.map(registeringOf);
  }

  /** Of some connections, by resource. */
  async list(connectionIds: readonly string[]): Promise<Registration[]> {
    const rows = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM webhook_registrations
       WHERE connection_id = ANY ($1::text[]) ORDER BY connection_id, resource`,
      [connectionIds],
    );
    return rows.map(registrationOf);
  }

  /** Says, before the provider is asked, that it will be. @returns the row, also one that was there */
  async begin(
    { id, tenantId, orgId }: RegisteringConnection,
    { resource, chosenId }: { readonly resource: string; readonly chosenId: string | undefined },
    nowMs: number,
  ): Promise<Registration> {
    const rows = await this.#database.query<Row>(
      `INSERT INTO webhook_registrations
         (id, connection_id, tenant_id, org_id, resource, external_id, state, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7)
       ON CONFLICT (connection_id, resource) DO UPDATE SET resource = EXCLUDED.resource
       RETURNING ${COLUMNS}`,
      [randomUUID(), id, tenantId, orgId, resource, chosenId ?? null, new Date(nowMs)],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('An insert gave no row back.');
    return registrationOf(row);
  }

  /** Keeps what the provider answered. */
  async confirm(
    id: string,
    { externalId, expiresAtMs }: RegisteredWebhook,
    { secretVersion, url }: RegisteredWith,
    nowMs: number,
  ): Promise<void> {
    await this.#database.query(
      `UPDATE webhook_registrations SET state = 'active', external_id = $2, expires_at = $3,
         renewed_at = $4, data = $5, failures = 0, retry_at = NULL, failure = NULL,
         failure_detail = NULL
       WHERE id = $1`,
      [
        id,
        externalId,
        expiresAtMs === undefined ? null : new Date(expiresAtMs),
        new Date(nowMs),
        JSON.stringify({ secret_version: secretVersion, url }),
      ],
    );
  }

  async fail(id: string, { state, code, detail, retryAtMs }: Failure): Promise<void> {
    await this.#database.query(
      `UPDATE webhook_registrations SET state = $2, failures = failures + 1, failure = $3,
         failure_detail = $4, retry_at = $5 WHERE id = $1`,
      [id, state, code, detail, new Date(retryAtMs)],
    );
  }

  async forget(id: string): Promise<void> {
    await this.#database.query('DELETE FROM webhook_registrations WHERE id = $1', [id]);
  }
}

/** The rows of one connection that a tenant may see. */
export async function visibleRegistrations(
  database: Queryable,
  tenantId: string,
  connectionId: string,
): Promise<Registration[]> {
  const rows = await database.query<Row>(
    `SELECT ${COLUMNS} FROM webhook_registrations
     WHERE tenant_id = $1 AND connection_id = $2 ORDER BY resource`,
    [tenantId, connectionId],
  );
  return rows.map(registrationOf);
}

function registeringOf(row: RegisteringRow): RegisteringConnection {
  return { ...fromRow(row), hasCredential: row.has_credential };
}
