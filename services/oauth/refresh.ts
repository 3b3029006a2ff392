import * as library from 'oauth4webapi';
import type { ConnectionSettings, OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { CredentialsRefused } from '#schemas/problems.ts';
import { obtainByGrant } from './grants.ts';
import type { OAuthClient } from './oauth-client.ts';
import { oauthSettings } from './provider-settings.ts';
import { clientAuthentication, type OAuthDeps, prepareRequest, toProblem } from './request.ts';
import { toCredential } from './token-answer.ts';

/**
 * Gets a new access token: by the refresh token, or where the kind has none by its grant. Where no new
 * refresh token comes, the old one stays in the credential.
 *
 * @throws CredentialsRefused when it will never succeed
 * @throws ProviderUnavailable when it may later; with a `cause` when nobody knows whether the provider
 *   gave out new tokens
 * @throws OauthClientMissing, InvalidSettings
 */
export async function refreshCredential(
  deps: OAuthDeps,
  provider: OAuthProvider,
  settings: ConnectionSettings,
  credential: Credential,
  client: OAuthClient,
  signal?: AbortSignal,
): Promise<Credential> {
  const { facts, kind, refreshToken, scopes } = credential;
  if (kind === 'jwt_bearer' || kind === 'client_credentials') {
    const { username } = facts;
    const next = await obtainByGrant(deps, kind, provider, settings, client, { username }, signal);
    return { ...next, facts: { ...facts, ...next.facts } };
  }
  if (kind !== 'oauth2' || refreshToken === undefined) {
    throw new CredentialsRefused(
      `The connection has no refresh token for ${provider.title}. Authenticate it again.`,
    );
  }
  const parsed = oauthSettings(provider, settings);
  const authentication = clientAuthentication(provider, client);
  const request = prepareRequest(deps, {
    provider,
    settings: parsed,
    facts,
    clientId: client.clientId,
    sentAs: provider.token.body ?? 'form',
    empty: 'unreadable',
    signal,
  });
  try {
    const response = await library.refreshTokenGrantRequest(
      request.server,
      request.client,
      authentication,
      refreshToken,
      request.options,
    );
    const standard = await library.processRefreshTokenResponse(
      request.server,
      request.client,
      response,
    );
    const kept = { ...standard, refresh_token: standard.refresh_token ?? refreshToken };
    return toCredential(provider, kept, request.answer(), {
      kind: 'oauth2',
      scopes,
      facts,
      nowMs: (deps.nowMs ?? Date.now)(),
      allowLoopback: deps.sandboxUrl !== undefined,
    });
  } catch (error) {
    throw toProblem(provider, 'refresh', error);
  }
}
