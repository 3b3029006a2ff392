import type { Account, Credential } from '#adapters/kit/provider-api.ts';
import type { Queryable } from '#platform/database/database.ts';
import type { Connection } from './connection.ts';

/** A credential that was just obtained and tested. */
export interface NewCredential {
  readonly credential: Credential;
  readonly scopesRequested: readonly string[];
  /** Whose it is, as far as the provider tells. */
  readonly account: Account;
}

/** What keeps the credentials of connections. */
export interface CredentialKeeper {
  /** Stores a credential in place of the one there was; the row is written in `tx`. */
  put(tx: Queryable, connection: Connection, credential: NewCredential): Promise<void>;
  /** Destroys what is stored, also where it is half there. */
  remove(connection: Connection): Promise<void>;
}

/**
 * Work at the provider before a connection's credentials go: webhooks are taken off, tokens are revoked.
 * What cannot be done there is told, and does not keep the connection.
 *
 * @returns a sentence for each thing that was not done
 */
export type Farewell = (connection: Connection) => Promise<readonly string[]>;
