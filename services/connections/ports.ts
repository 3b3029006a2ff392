import type { Account, Credential } from '#adapters/kit/provider-api.ts';
import type { Queryable } from '#platform/database/database.ts';
import type { TenantDatabase } from '#platform/database/tenant-database.ts';
import type { Connection } from './connection.ts';

/** A credential that was just obtained and tested. */
export interface NewCredential {
  readonly credential: Credential;
  readonly scopesRequested: readonly string[];
  /** Whose it is, as far as the provider tells. */
  readonly account: Account;
}

/** Whose credential it is. */
type CredentialOwner = Pick<Connection, 'id' | 'tenantId' | 'orgId'>;

/** What keeps the credentials of connections. */
export interface CredentialKeeper {
  /**
   * Stores a credential in place of the one there was.
   *
   * @param also done in the same transaction, before the credential counts
   * @throws what `also` throws; then nothing has changed
   */
  put(
    database: TenantDatabase,
    owner: CredentialOwner,
    credential: Credential,
    scopesRequested: readonly string[],
    also: (tx: Queryable) => Promise<void>,
  ): Promise<void>;
  /** Forgets what is stored and destroys it; may be repeated, also when there is nothing. */
  remove(
    database: TenantDatabase,
    owner: CredentialOwner,
  ): Promise<{ readonly notDestroyed: readonly { readonly version: number }[] }>;
}

/**
 * Work at the provider before a connection's credentials go: webhooks are taken off, tokens are revoked.
 * What cannot be done there is told, and does not keep the connection.
 *
 * @returns a sentence for each thing that was not done
 */
export type Farewell = (connection: Connection) => Promise<readonly string[]>;
