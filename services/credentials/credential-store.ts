import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Queryable } from '#platform/database/database.ts';
import type { TenantDatabase } from '#platform/database/tenant-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import {
  CredentialsRefused,
  DatabaseUnavailable,
  SecretNotFound,
  SecretUnreadable,
} from '#schemas/problems.ts';
import { type CredentialRow, readCredentialRow } from './credential-row.ts';
import { CredentialVersions, type OnError } from './credential-versions.ts';
import { credentialRef, type StoredCredential } from './stored-credential.ts';

/** The connection that a credential is of. */
export interface CredentialOwner {
  readonly id: string;
  readonly tenantId: string;
  readonly orgId: string | null;
}

/** What became of a credential that was to be removed. */
export interface Removal {
  readonly secretRef: string;
  /** Versions whose values are still there: removing again tries them once more. */
  readonly notDestroyed: readonly { readonly version: number; readonly error: unknown }[];
}

export interface CredentialStoreOptions {
  /** The server's own: it works for all tenants. */
  readonly database: Queryable;
  readonly secrets: Secrets;
  /** Told of old versions that could not be destroyed. */
  readonly onError: OnError;
}

const READ_ATTEMPTS = 3;

/**
 * The credentials that connections call their providers with. The secret store holds them, a row of
 * connection_credentials pins the version in use. A new version is stored first and pinned then, and older
 * ones are destroyed last: wherever a process ends, the row points to a version that is there.
 */
export class CredentialStore {
  readonly versions: CredentialVersions;
  readonly #database: Queryable;

  constructor({ database, secrets, onError }: CredentialStoreOptions) {
    this.#database = database;
    this.versions = new CredentialVersions(secrets, onError);
  }

  /**
   * Stores what a connection was authenticated with. From then on it is used, and what is known of failures
   * of the one before is forgotten. Of two at the same time the one that is stored later stays.
   *
   * @param database of the caller's tenant: `forTenant`
   * @param also done first in the same transaction, such as inserting the connection
   * @throws what `also` throws; then nothing has changed
   */
  async put(
    database: TenantDatabase,
    owner: CredentialOwner,
    credential: Credential,
    scopesRequested: readonly string[],
    also: (tx: Queryable) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const ref = credentialRef(owner.tenantId, owner.id);
    const version = await this.versions.add(ref, credential);
    const { kind, expiresAt = null, scopes } = credential;
    const values = [owner.id, owner.tenantId, owner.orgId, kind, ref, version];
    try {
      await database.transaction(async (tx) => {
        await also(tx);
        await tx.query(PIN, [...values, expiresAt, scopesRequested, scopes]);
      });
    } catch (error) {
      // When the answer to a commit is lost the row may pin the version: it has to stay.
      if (!(error instanceof DatabaseUnavailable)) await this.versions.destroy(ref, version);
      throw error;
    }
    await this.versions.destroyBefore(ref, version);
  }

  /** @returns undefined when the connection has no credential */
  row(connectionId: string): Promise<CredentialRow | undefined> {
    return readCredentialRow(this.#database, connectionId);
  }

  /**
   * @param known the row, where it was read just now
   * @throws CredentialsRefused when the connection has no credential
   * @throws SecretUnreadable when it has one that cannot be used
   */
  async read(
    connectionId: string,
    known?: CredentialRow,
  ): Promise<{ readonly row: CredentialRow; readonly credential: StoredCredential }> {
    let missing: number | undefined;
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
      const row = attempt === 1 && known ? known : await this.row(connectionId);
      if (!row) throw noCredential(connectionId);
      if (row.version === missing) break;
      try {
        return { row, credential: await this.versions.read(row.secretRef, row.version) };
      } catch (error) {
        if (!(error instanceof SecretNotFound)) throw error;
        // It may have been replaced and destroyed since the row was read.
        missing = row.version;
      }
    }
    throw new SecretUnreadable(
      `The secret store does not have version ${missing} of the credential of connection ${connectionId}. Authenticate the connection again.`,
    );
  }

  /**
   * Pins what a refresh of the row's version has brought.
   *
   * @returns how often the credential was refreshed; undefined when the row pins another version
   *   meanwhile, which stays
   */
  async pinRefreshed(
    row: CredentialRow,
    version: number,
    {
      expiresAt = null,
      scopes,
    }: { expiresAt?: string | null | undefined; scopes: readonly string[] },
  ): Promise<number | undefined> {
    const [pinned] = await this.#database.query<{ refresh_count: string }>(PIN_REFRESHED, [
      row.connectionId,
      row.version,
      version,
      expiresAt,
      scopes,
    ]);
    return pinned && Number(pinned.refresh_count);
  }

  /**
   * Forgets a connection's credential and destroys all its versions. What cannot be destroyed is told;
   * nothing uses it any more. May be repeated, also when there is nothing.
   *
   * @param database of the caller's tenant: `forTenant`
   * @throws SecretsUnavailable when versions cannot be listed; the credential is forgotten all the same
   */
  async remove(
    database: TenantDatabase,
    { id, tenantId }: Pick<CredentialOwner, 'id' | 'tenantId'>,
  ): Promise<Removal> {
    const secretRef = credentialRef(tenantId, id);
    // The row first: a refresh that is under way finds it gone, and destroys what it has got.
    await database.query(
      'DELETE FROM connection_credentials WHERE connection_id = $1 AND tenant_id = $2',
      [id, tenantId],
    );
    return { secretRef, notDestroyed: await this.versions.destroyAll(secretRef) };
  }
}

const PIN = `
  INSERT INTO connection_credentials AS held (connection_id, tenant_id, org_id, kind, secret_ref,
    secret_ref_version, expires_at, scopes_requested, scopes_granted)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (connection_id) DO UPDATE SET kind = EXCLUDED.kind, secret_ref = EXCLUDED.secret_ref,
    secret_ref_version = EXCLUDED.secret_ref_version, expires_at = EXCLUDED.expires_at,
    scopes_requested = EXCLUDED.scopes_requested, scopes_granted = EXCLUDED.scopes_granted,
    last_refreshed_at = NULL, refresh_started_at = NULL, failures = 0, retry_at = NULL, failure = NULL,
    failure_detail = NULL, updated_at = now()
  WHERE held.tenant_id = EXCLUDED.tenant_id
    AND held.secret_ref_version < EXCLUDED.secret_ref_version`;

const PIN_REFRESHED = `
  UPDATE connection_credentials SET secret_ref_version = $3, expires_at = $4, scopes_granted = $5,
    last_refreshed_at = now(), refresh_count = refresh_count + 1, refresh_started_at = NULL,
    failures = 0, retry_at = NULL, failure = NULL, failure_detail = NULL, updated_at = now()
  WHERE connection_id = $1 AND secret_ref_version = $2
  RETURNING refresh_count`;

/** What is said of a connection that was never authenticated, or is disconnected. */
export function noCredential(connectionId: string): CredentialsRefused {
  return new CredentialsRefused(`Connection ${connectionId} has no credentials. Authenticate it.`);
}
