import type { ConnectionSettings } from '#adapters/kit/oauth.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { type GrantExtra, type GrantKind, obtainByGrant } from './grants.ts';
import type { OAuthClient } from './oauth-client.ts';
import { findProvider } from './provider-settings.ts';
import { refreshCredential } from './refresh.ts';
import type { OAuthDeps } from './request.ts';
import { type Revocation, revokeCredential } from './revoke.ts';

/** See `refreshCredential`. */
export type Refresh = (
  provider: string,
  settings: ConnectionSettings,
  credential: Credential,
  client: OAuthClient,
  signal?: AbortSignal,
) => Promise<Credential>;

/** See `revokeCredential`. */
export type Revoke = (
  provider: string,
  settings: ConnectionSettings,
  credential: Credential,
  client: OAuthClient,
) => Promise<Revocation>;

/** See `obtainByGrant`. */
export type Obtain = (
  kind: GrantKind,
  provider: string,
  settings: ConnectionSettings,
  client: OAuthClient,
  extra?: GrantExtra,
) => Promise<Credential>;

/** What other parts of the server use of OAuth, by names of providers. */
export function makeRefresh(deps: OAuthDeps): Refresh {
  return async (name, settings, credential, client, signal) => {
    const provider = findProvider(deps.providers, name);
    return refreshCredential(deps, provider, settings, credential, client, signal);
  };
}

export function makeRevoke(deps: OAuthDeps): Revoke {
  return async (name, settings, credential, client) =>
    revokeCredential(deps, findProvider(deps.providers, name), settings, credential, client);
}

export function makeObtain(deps: OAuthDeps): Obtain {
  return async (kind, name, settings, client, extra = {}) =>
    obtainByGrant(deps, kind, findProvider(deps.providers, name), settings, client, extra);
}
