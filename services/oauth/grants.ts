import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import * as library from 'oauth4webapi';
import type { ConnectionSettings, OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { InvalidRequest, InvalidSettings, OauthClientMissing } from '#schemas/problems.ts';
import type { OAuthClient } from './oauth-client.ts';
import { oauthSettings } from './provider-settings.ts';
import {
  clientAuthentication,
  noClientAuthentication,
  type OAuthDeps,
  prepareRequest,
  toProblem,
} from './request.ts';
import { toCredential } from './token-answer.ts';

/** Grants that ask no user. */
export type GrantKind = 'jwt_bearer' | 'client_credentials';

export interface GrantExtra {
  /** For jwt_bearer: the user that the token acts for. Kept as the fact `username`. */
  readonly username?: string | undefined;
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * Gets a token without a user. There is no refresh token with it: another one is got in the same way.
 *
 * @throws InvalidRequest when the provider has no such grant, or the user name is missing
 * @throws InvalidSettings when the settings do not allow it
 * @throws OauthClientMissing when the client has no key or secret for it
 * @throws CredentialsRefused, ProviderUnavailable
 */
export async function obtainByGrant(
  deps: OAuthDeps,
  kind: GrantKind,
  provider: OAuthProvider,
  settings: ConnectionSettings,
  client: OAuthClient,
  { username }: GrantExtra,
  signal?: AbortSignal,
): Promise<Credential> {
  const parsed = oauthSettings(provider, settings);
  const nowMs = (deps.nowMs ?? Date.now)();
  const request = prepareRequest(deps, {
    provider,
    settings: parsed,
    facts: {},
    clientId: client.clientId,
    sentAs: provider.token.body ?? 'form',
    empty: 'unreadable',
    signal,
  });
  const byAssertion = kind === 'jwt_bearer';
  const parameters: Record<string, string> = byAssertion
    ? { assertion: await sign(provider, parsed, client, username, nowMs) }
    : {};
  const authentication = byAssertion
    ? noClientAuthentication
    : clientCredentials(provider, parsed, client);
  try {
    const response = await library.genericTokenEndpointRequest(
      request.server,
      request.client,
      authentication,
      byAssertion ? JWT_BEARER : 'client_credentials',
      parameters,
      request.options,
    );
    const standard = await library.processGenericTokenEndpointResponse(
      request.server,
      request.client,
      response,
    );
    return toCredential(provider, { ...standard, refresh_token: undefined }, request.answer(), {
      kind,
      scopes: [],
      facts: byAssertion && username !== undefined ? { username } : {},
      nowMs,
      allowLoopback: deps.sandboxUrl !== undefined,
    });
  } catch (error) {
    throw toProblem(provider, 'grant', error);
  }
}

async function sign(
  { grants, provider, title }: OAuthProvider,
  settings: ConnectionSettings,
  { clientId, privateKey }: OAuthClient,
  username: string | undefined,
  nowMs: number,
): Promise<string> {
  const rules = grants?.jwtBearer;
  if (!rules) throw new InvalidRequest(`${title} gives no tokens for signed assertions.`);
  if (username === undefined) {
    throw new InvalidRequest('Give the user name that the connection acts for, as "username".');
  }
  if (privateKey === undefined) {
    throw new OauthClientMissing(
      `The app at ${title} is stored without a private key. Store it by PUT /v1/oauth/clients/${provider}.`,
    );
  }
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(clientId)
    .setSubject(username)
    .setAudience(rules.audience(settings))
    .setJti(randomUUID())
    .setExpirationTime(Math.floor(nowMs / 1_000) + rules.lifetimeSeconds)
    .sign(createPrivateKey(privateKey));
}

function clientCredentials(
  provider: OAuthProvider,
  settings: ConnectionSettings,
  client: OAuthClient,
): library.ClientAuth {
  const rules = provider.grants?.clientCredentials;
  if (!rules) throw new InvalidRequest(`${provider.title} gives no tokens to apps themselves.`);
  const fault = rules.fault(settings);
  if (fault !== undefined) throw new InvalidSettings(fault);
  return clientAuthentication(provider, client);
}
