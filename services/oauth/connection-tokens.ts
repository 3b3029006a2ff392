import type { ConnectionSettings } from '#adapters/kit/oauth.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Queryable } from '#platform/database/database.ts';
import { Problem } from '#schemas/problem.ts';
import type { OAuthClientStore } from './client-store.ts';
import { type GrantExtra, type GrantKind, obtainByGrant } from './grants.ts';
import { findProvider } from './provider-settings.ts';
import { refreshCredential } from './refresh.ts';
import type { OAuthDeps } from './request.ts';
import { revokeCredential } from './revoke.ts';
import { isGrantShared } from './shared-grant.ts';

export interface ConnectionTokensOptions {
  readonly oauth: OAuthDeps;
  readonly clients: Pick<OAuthClientStore, 'find'>;
  /** The server's own. */
  readonly database: Queryable;
}

/** What is needed of a connection. */
export interface TokenOwner {
  readonly tenantId: string;
  readonly provider: string;
  readonly settings: ConnectionSettings;
}

export interface LeavingConnection extends TokenOwner {
  readonly id: string;
  readonly accountId: string | null;
}

/** Tokens of connections, by the client that the tenant of each uses. */
export class ConnectionTokens {
  readonly #options: ConnectionTokensOptions;

  constructor(options: ConnectionTokensOptions) {
    this.#options = options;
  }

  /** See `refreshCredential`. */
  async refresh(
    { tenantId, provider, settings }: TokenOwner,
    credential: Credential,
    signal?: AbortSignal,
  ): Promise<Credential> {
    const { clients, oauth } = this.#options;
    const client = await clients.find(tenantId, provider);
    const found = findProvider(oauth.providers, provider);
    return refreshCredential(oauth, found, settings, credential, client, signal);
  }

  /** See `obtainByGrant`. */
  async obtain(
    kind: GrantKind,
    { tenantId, provider, settings }: TokenOwner,
    extra: GrantExtra = {},
  ): Promise<Credential> {
    const { clients, oauth } = this.#options;
    const found = findProvider(oauth.providers, provider);
    const client = await clients.find(tenantId, provider);
    return obtainByGrant(oauth, kind, found, settings, client, extra);
  }

  /**
   * Ends the credential of a connection at its provider, unless another connection would end with it.
   *
   * @returns a sentence when it was not done; it is never an error
   */
  async takeLeave(
    { id, accountId, tenantId, provider: name, settings }: LeavingConnection,
    credential: Credential,
  ): Promise<readonly string[]> {
    const { clients, database, oauth } = this.#options;
    const provider = oauth.providers.get(name);
    if (!provider || credential.kind === 'api_key') return [];
    const { revocation, title } = provider;
    if (!revocation) {
      return [`${title} has no way to revoke a token. Remove the app there by hand.`];
    }
    try {
      const endsOthers = revocation.ends === 'grant' && credential.kind === 'oauth2';
      if (endsOthers && (await isGrantShared(database, name, accountId, id))) {
        return [
          `The consent at ${title} was not revoked, as another connection may live by it. Remove the app there by hand if none does.`,
        ];
      }
      const client = await clients.find(tenantId, name);
      await revokeCredential(oauth, provider, settings, credential, client);
      return [];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return [`The token was not revoked at ${title}. ${error.message}`];
    }
  }
}
