import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Account, Credential } from '#adapters/kit/provider-api.ts';
import type { Database } from '#platform/database/database.ts';
import { OauthStateInvalid } from '#schemas/problems.ts';
import type { Principal } from '../access/principal.ts';
import type { NewCredential } from '../connections/ports.ts';
import { authorizationUrl, exchangeCode } from './authorize.ts';
import type { OAuthClientStore } from './client-store.ts';
import { accountIn, assertScopes } from './granted.ts';
import type { ConnectionLifecycle, Session } from './lifecycle.ts';
import type { OAuthClient } from './oauth-client.ts';
import { type Pending, PendingStore } from './pending-store.ts';
import { findProvider } from './provider-settings.ts';
import type { OAuthDeps } from './request.ts';
import { revokeCredential } from './revoke.ts';
import { requestedScopes } from './scopes.ts';
import { isGrantShared } from './shared-grant.ts';
import { hashOf, isState, newState, verifierOf } from './state.ts';

export interface ConsentOptions {
  readonly oauth: OAuthDeps;
  readonly database: Database;
  readonly clients: OAuthClientStore;
  readonly lifecycle: ConnectionLifecycle;
  /**
   * Asks the provider whose a credential is; null where it does not tell.
   *
   * @throws CredentialsRefused, ProviderUnavailable
   */
  readonly accountOf: (
    provider: string,
    settings: Readonly<Record<string, unknown>>,
    credential: Credential,
  ) => Promise<Account>;
  /** Scheme and host under which browsers reach us. */
  readonly publicUrl: () => string;
  readonly onError: (message: string, error: unknown) => void;
}

/** What a user is to be asked for. */
export interface ConsentRequest {
  readonly provider: string;
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly labels: Record<string, string>;
  /** Optional scopes that are wanted. */
  readonly scopes: readonly string[];
  /** The connection to authenticate again; null for a new one. */
  readonly connectionId: string | null;
}

export interface StartedConsent {
  readonly url: string;
  readonly expiresAt: Date;
  readonly scopes: readonly string[];
}

/** What came of a consent. */
export interface Connected {
  readonly provider: OAuthProvider;
  readonly connectionId: string;
  readonly name: string;
  /** True when the connection was there before. */
  readonly again: boolean;
  readonly account: Account;
  readonly requested: readonly string[];
  readonly granted: readonly string[];
  readonly missing: readonly string[];
}

/** Connects accounts by their users' consent: asks for it, and makes what it was asked for. */
export class Consents {
  readonly #options: ConsentOptions;
  readonly #pending: PendingStore;

  constructor(options: ConsentOptions) {
    this.#options = options;
    this.#pending = new PendingStore(options.database);
  }

  /**
   * Begins: the browser is to go to the address, and comes back to the callback within ten minutes.
   *
   * @throws InvalidRequest for a provider or scope there is not
   * @throws InvalidSettings, OauthClientMissing
   */
  async start(
    { tenantId, orgId, actor, reach }: Principal,
    session: Session,
    request: ConsentRequest,
  ): Promise<StartedConsent> {
    const { clients, oauth } = this.#options;
    const { name, settings, labels, connectionId } = request;
    const provider = findProvider(oauth.providers, request.provider);
    const scopes = requestedScopes(provider, request.scopes);
    const { clientId } = await clients.find(tenantId, provider.provider);
    const state = newState();
    const url = await authorizationUrl(oauth, {
      provider,
      settings,
      clientId,
      redirectUri: this.#redirectUri(provider),
      state,
      verifier: verifierOf(session, state),
      scopes,
    });
    const expiresAt = await this.#pending.add(hashOf(state), session.idHash, {
      tenantId,
      orgId,
      provider: provider.provider,
      connectionId,
      draft: { name, settings, labels, reach },
      scopes,
      actor,
    });
    return { url, expiresAt, scopes };
  }

  /**
   * Ends: makes the connection, or authenticates it again, by what the browser brought back. When that
   * fails, nothing is left here, and the token is revoked where the provider can and nothing else needs it.
   *
   * @param callback the parameters of the callback, as they came
   * @throws OauthStateInvalid, OauthWrongBrowser, OauthDenied, OauthCodeRefused, OauthScopeMissing
   * @throws OauthClientMissing, CredentialsRefused, ProviderUnavailable, ProviderRefused
   * @throws what the lifecycle throws
   */
  async finish(session: Session, name: string, callback: URLSearchParams): Promise<Connected> {
    const { clients, oauth } = this.#options;
    const provider = findProvider(oauth.providers, name);
    const [state = '', ...more] = callback.getAll('state');
    if (more.length > 0 || !isState(state)) {
      throw new OauthStateInvalid(
        `This address is where ${provider.title} leads back to after it was asked for consent, and nothing was asked. Begin with the connection.`,
      );
    }
    const pending = await this.#pending.take(hashOf(state), session.idHash, name);
    const client = await clients.find(pending.tenantId, name);
    const credential = await exchangeCode(oauth, {
      provider,
      settings: pending.draft.settings,
      client,
      redirectUri: this.#redirectUri(provider),
      state,
      verifier: verifierOf(session, state),
      scopes: pending.scopes,
      callback,
    });
    let account = accountIn(provider, credential);
    try {
      const missing = assertScopes(provider, pending.scopes, credential);
      const { settings } = pending.draft;
      const told = await this.#options.accountOf(name, settings, credential);
      account = { id: told.id ?? account.id, name: told.name ?? account.name };
      const connectionId = await this.#connect(session, provider, client, pending, {
        credential,
        scopesRequested: pending.scopes,
        account,
      });
      return {
        provider,
        connectionId,
        name: pending.draft.name,
        again: pending.connectionId !== null,
        account,
        requested: pending.scopes,
        granted: credential.scopes,
        missing,
      };
    } catch (error) {
      await this.#giveBack(provider, client, pending, credential, account.id);
      throw error;
    }
  }

  /** @returns the id of the connection */
  async #connect(
    session: Session,
    { provider, webhooksSignedWith }: OAuthProvider,
    client: OAuthClient,
    { tenantId, orgId, actor, connectionId, draft }: Pending,
    fresh: NewCredential,
  ): Promise<string> {
    const { lifecycle } = this.#options;
    const { name, settings, labels, reach } = draft;
    const principal: Principal = { ...session.identity, tenantId, orgId, actor, reach };
    if (connectionId !== null) {
      return (await lifecycle.authenticate(principal, connectionId, fresh)).id;
    }
    const secret = webhooksSignedWith === 'client_secret' ? client.clientSecret : undefined;
    const signed = secret === undefined ? {} : { secret };
    const made = { provider, name, settings, labels, ...signed };
    return (await lifecycle.create(principal, made, fresh)).id;
  }

  /** The first error is the one to tell; that of giving back goes to the log. */
  async #giveBack(
    provider: OAuthProvider,
    client: OAuthClient,
    { draft }: Pending,
    credential: Credential,
    accountId: string | null,
  ): Promise<void> {
    const { database, oauth, onError } = this.#options;
    try {
      const endsOthers = provider.revocation?.ends === 'grant';
      if (endsOthers && (await isGrantShared(database, provider.provider, accountId))) return;
      await revokeCredential(oauth, provider, draft.settings, credential, client);
    } catch (error) {
      onError(`A token of ${provider.title} that is not needed was not revoked.`, error);
    }
  }

  #redirectUri({ provider }: OAuthProvider): string {
    return `${this.#options.publicUrl()}/oauth/callback/${provider}`;
  }
}
