import * as library from 'oauth4webapi';
import type { ConnectionSettings, OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { OAuthClient } from './oauth-client.ts';
import { oauthSettings } from './provider-settings.ts';
import {
  clientAuthentication,
  noClientAuthentication,
  type OAuthDeps,
  prepareRequest,
  toProblem,
} from './request.ts';

/** `not_supported`: the provider has no way to, so the token lives on there until it ends by itself. */
export type Revocation = 'revoked' | 'not_supported';

/** What a provider says of a token that is gone already. */
const GONE = new Set([
  'invalid_token',
  'invalid_grant',
  'token_revoked',
  'invalid_auth',
  'invalid_code',
]);

/**
 * Ends a credential at its provider. Succeeds too when it has ended already.
 *
 * @throws ProviderUnavailable, ProviderRefused, CredentialsRefused, OauthClientMissing, InvalidSettings
 */
export async function revokeCredential(
  deps: OAuthDeps,
  provider: OAuthProvider,
  settings: ConnectionSettings,
  credential: Credential,
  client: OAuthClient,
): Promise<Revocation> {
  const rules = provider.revocation;
  if (!rules || credential.kind === 'api_key') return 'not_supported';
  const authentication = rules.client
    ? clientAuthentication(provider, client)
    : noClientAuthentication;
  const request = prepareRequest(deps, {
    provider,
    settings: oauthSettings(provider, settings),
    facts: credential.facts,
    clientId: client.clientId,
    sentAs: rules.sentAs,
    empty: 'done',
  });
  const { refreshToken, token } = credential;
  const sent = rules.token === 'refresh_token' ? (refreshToken ?? token) : token;
  try {
    const response = await library.revocationRequest(
      request.server,
      request.client,
      authentication,
      sent,
      request.options,
    );
    await library.processRevocationResponse(response);
  } catch (error) {
    const gone = error instanceof library.ResponseBodyError && GONE.has(error.error);
    if (!gone) throw toProblem(provider, 'revocation', error);
  }
  return 'revoked';
}
