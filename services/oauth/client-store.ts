import type { Database, Queryable } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { NotFound, OauthClientMissing, SecretNotFound } from '#schemas/problems.ts';
import type { Principal } from '../access/principal.ts';
import type { RecordChange } from './lifecycle.ts';
import type { OAuthClient } from './oauth-client.ts';

export interface ClientStoreOptions {
  /** The server's own: the client of the installation belongs to another tenant than most callers. */
  readonly database: Database;
  readonly secrets: Secrets;
  /** The tenant that runs the installation. Its clients serve all tenants that have none. */
  readonly operatorTenantId: string;
  readonly recordChange: RecordChange;
}

/** A client as people may see it. */
export interface ClientView {
  readonly provider: string;
  readonly client_id: string;
  readonly secret_ref: string;
  readonly updated_by: string;
  readonly updated_at: string;
}

interface ClientRow {
  readonly provider: string;
  readonly client_id: string;
  readonly secret_ref: string;
  readonly updated_by: string;
  readonly updated_at: Date;
}

const COLUMNS = 'provider, client_id, secret_ref, updated_by, updated_at';

/**
 * The applications that we are at providers. The id stands in the table for people; id and secret together
 * are one value in the secret store, so that no process ever pairs an old one with a new one.
 */
export class OAuthClientStore {
  readonly #options: ClientStoreOptions;

  constructor(options: ClientStoreOptions) {
    this.#options = options;
  }

  /** Stores a client in place of the one there was, whose secret is destroyed. */
  async put(principal: Principal, provider: string, client: OAuthClient): Promise<ClientView> {
    const { database, recordChange, secrets } = this.#options;
    const { actor, tenantId } = principal;
    const ref = secretRef(tenantId, provider);
    let version: number | undefined;
    const stored = forTenant(database, principal).transaction(async (tx) => {
      // One at a time, so that the last secret is that of the row.
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [ref]);
      const before = await find(tx, tenantId, provider);
      version = await addSecret(secrets, ref, JSON.stringify(client));
      const [row] = await tx.query<ClientRow>(
        `INSERT INTO oauth_clients (tenant_id, provider, client_id, secret_ref, updated_by)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, provider) DO UPDATE SET client_id = excluded.client_id,
           secret_ref = excluded.secret_ref, updated_by = excluded.updated_by, updated_at = now()
         RETURNING ${COLUMNS}`,
        [tenantId, provider, client.clientId, ref, actor],
      );
      const after = toView(row as ClientRow);
      const action = 'oauth_client.stored';
      await recordChange(tx, principal, { ...subject(provider), action, before, after });
      return after;
    });
    const view = await stored.catch(async (error: unknown) => {
      if (version !== undefined) await secrets.destroy(ref, version);
      throw error;
    });
    await destroyVersions(secrets, ref, (one) => one < (version ?? 0));
    return view;
  }

  /** The clients of the tenant, by provider. */
  async list({ tenantId, ...scope }: Principal): Promise<ClientView[]> {
    const database = forTenant(this.#options.database, { ...scope, tenantId });
    const rows = await database.query<ClientRow>(
      `SELECT ${COLUMNS} FROM oauth_clients WHERE tenant_id = $1 ORDER BY provider`,
      [tenantId],
    );
    return rows.map(toView);
  }

  /** Removes a client and its secret. Tokens that it got stay, but cannot be refreshed. @throws NotFound */
  async remove(principal: Principal, provider: string): Promise<void> {
    const { database, recordChange, secrets } = this.#options;
    const { tenantId } = principal;
    await forTenant(database, principal).transaction(async (tx) => {
      const before = await find(tx, tenantId, provider);
      if (!before) throw new NotFound(`There is no OAuth client for ${provider}.`);
      await tx.query('DELETE FROM oauth_clients WHERE tenant_id = $1 AND provider = $2', [
        tenantId,
        provider,
      ]);
      const action = 'oauth_client.removed';
      await recordChange(tx, principal, { ...subject(provider), action, before });
    });
    await destroyVersions(secrets, secretRef(tenantId, provider), () => true);
  }

  /**
   * The client that a tenant uses: its own, or that of the installation.
   *
   * @throws OauthClientMissing when there is neither
   */
  async find(tenantId: string, provider: string): Promise<OAuthClient> {
    const { database, operatorTenantId, secrets } = this.#options;
    const [row] = await database.query<{ secret_ref: string }>(
      `SELECT secret_ref FROM oauth_clients WHERE provider = $1 AND tenant_id IN ($2, $3)
       ORDER BY tenant_id = $2 DESC LIMIT 1`,
      [provider, tenantId, operatorTenantId],
    );
    if (row) {
      try {
        return JSON.parse(await secrets.access(row.secret_ref)) as OAuthClient;
      } catch (error) {
        // Removed meanwhile.
        if (!(error instanceof SecretNotFound)) throw error;
      }
    }
    throw new OauthClientMissing(
      `No app is registered for ${provider}. An administrator of the platform stores its id and secret by PUT /v1/oauth/clients/${provider}; docs/oauth.md tells how to get them.`,
    );
  }

  /** Whose client a tenant uses, for each provider that there is one for. */
  async owners(tenantId: string): Promise<ReadonlyMap<string, 'tenant' | 'installation'>> {
    const { database, operatorTenantId } = this.#options;
    const rows = await database.query<{ provider: string; own: boolean }>(
      `SELECT provider, bool_or(tenant_id = $1) AS own FROM oauth_clients
       WHERE tenant_id IN ($1, $2) GROUP BY provider`,
      [tenantId, operatorTenantId],
    );
    return new Map(rows.map(({ provider, own }) => [provider, own ? 'tenant' : 'installation']));
  }
}

function secretRef(tenantId: string, provider: string): string {
  return `tenants/${tenantId}/oauth/${provider}`;
}

function subject(provider: string) {
  return { subjectType: 'oauth_client', subjectId: provider };
}

async function find(
  tx: Queryable,
  tenantId: string,
  provider: string,
): Promise<ClientView | undefined> {
  const [row] = await tx.query<ClientRow>(
    `SELECT ${COLUMNS} FROM oauth_clients WHERE tenant_id = $1 AND provider = $2 FOR UPDATE`,
    [tenantId, provider],
  );
  return row && toView(row);
}

async function addSecret(secrets: Secrets, ref: string, value: string): Promise<number> {
  try {
    return (await secrets.addVersion(ref, value)).version;
  } catch (error) {
    if (!(error instanceof SecretNotFound)) throw error;
    return (await secrets.create(ref, value)).version;
  }
}

async function destroyVersions(
  secrets: Secrets,
  ref: string,
  which: (version: number) => boolean,
): Promise<void> {
  for (const { version, state } of await secrets.versions(ref)) {
    if (state !== 'destroyed' && which(version)) await secrets.destroy(ref, version);
  }
}

function toView({ updated_at, ...row }: ClientRow): ClientView {
  return { ...row, updated_at: updated_at.toISOString() };
}
