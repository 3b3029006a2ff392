import * as library from 'oauth4webapi';
import type { ConnectionSettings, OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { OauthStateInvalid } from '#schemas/problems.ts';
import type { OAuthClient } from './oauth-client.ts';
import { oauthSettings } from './provider-settings.ts';
import { callbackRefusal } from './refusals.ts';
import {
  clientAuthentication,
  type OAuthDeps,
  prepareRequest,
  serverOf,
  toProblem,
} from './request.ts';
import { type Json, toCredential } from './token-answer.ts';

export interface AuthorizationOptions {
  readonly provider: OAuthProvider;
  readonly settings: ConnectionSettings;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  /** Of PKCE; used where the provider checks one. */
  readonly verifier: string;
  /** Required and wanted ones. */
  readonly scopes: readonly string[];
}

/**
 * The address that asks a user for consent.
 *
 * @throws InvalidSettings when the settings lead to no address
 */
export async function authorizationUrl(
  deps: OAuthDeps,
  { provider, settings, clientId, redirectUri, state, verifier, scopes }: AuthorizationOptions,
): Promise<string> {
  const parsed = oauthSettings(provider, settings);
  const server = serverOf(deps, { provider, settings: parsed, facts: {} });
  const { parameters, pkce, scopeSeparator, optionalScopeParameter } = provider.authorization;
  const url = new URL(server.authorization_endpoint);
  const set = (name: string, value: string) => url.searchParams.set(name, value);
  for (const [name, value] of Object.entries(parameters ?? {})) set(name, value);
  set('response_type', 'code');
  set('client_id', clientId);
  set('redirect_uri', redirectUri);
  set('state', state);
  const required = provider.scopes.filter((scope) => scope.required).map(({ name }) => name);
  const apart = optionalScopeParameter !== undefined;
  const main = scopes.filter((name) => !apart || required.includes(name));
  const others = scopes.filter((name) => !main.includes(name));
  if (main.length > 0) set('scope', main.join(scopeSeparator));
  if (apart && others.length > 0) set(optionalScopeParameter, others.join(scopeSeparator));
  if (pkce) {
    set('code_challenge', await library.calculatePKCECodeChallenge(verifier));
    set('code_challenge_method', 'S256');
  }
  return url.href;
}

export interface ExchangeOptions extends Omit<AuthorizationOptions, 'clientId'> {
  readonly client: OAuthClient;
  /** The parameters of the callback, as they came. */
  readonly callback: URLSearchParams;
}

/**
 * Makes the credential that a callback brings a code for.
 *
 * @throws OauthStateInvalid when it is not the callback of this request
 * @throws OauthDenied, OauthScopeMissing, ProviderRefused when it brings an error
 * @throws OauthCodeRefused when the provider does not take the code
 * @throws CredentialsRefused, OauthClientMissing when our app is not set up rightly
 * @throws ProviderUnavailable
 */
export async function exchangeCode(deps: OAuthDeps, options: ExchangeOptions): Promise<Credential> {
  const { provider, client, callback, redirectUri, state, verifier, scopes } = options;
  const settings = oauthSettings(provider, options.settings);
  const { callbackFacts } = provider.authorization;
  const facts = callbackFacts ? callbackFacts(callback) : {};
  if (!facts) throw notOfProvider(provider);
  const authentication = clientAuthentication(provider, client);
  const request = prepareRequest(deps, {
    provider,
    settings,
    facts,
    clientId: client.clientId,
    sentAs: provider.token.body ?? 'form',
    empty: 'unreadable',
  });
  const parameters = checkCallback(provider, request.server, request.client, callback, state);
  try {
    const response = await library.authorizationCodeGrantRequest(
      request.server,
      request.client,
      authentication,
      parameters,
      redirectUri,
      provider.authorization.pkce ? verifier : library.nopkce,
      request.options,
    );
    const standard = await library.processAuthorizationCodeResponse(
      request.server,
      request.client,
      response,
    );
    return toCredential(provider, standard, request.answer() as Json, {
      kind: 'oauth2',
      scopes,
      facts,
      nowMs: (deps.nowMs ?? Date.now)(),
      allowLoopback: deps.sandboxUrl !== undefined,
    });
  } catch (error) {
    throw toProblem(provider, 'code', error);
  }
}

/** Parameters that mean something to us; a second value of one makes the callback invalid. */
const KNOWN = ['code', 'state', 'iss', 'error'];

function checkCallback(
  provider: OAuthProvider,
  server: library.AuthorizationServer,
  client: library.Client,
  callback: URLSearchParams,
  state: string,
): URLSearchParams {
  const known = new URLSearchParams([...callback].filter(([name]) => KNOWN.includes(name)));
  if (new Set(known.keys()).size < [...known].length) throw notOfProvider(provider);
  // Where the issuer is not known, the address of the callback tells the providers apart.
  if (provider.authorization.issuer === undefined) known.delete('iss');
  try {
    const parameters = library.validateAuthResponse(server, client, known, state);
    if (parameters.has('code')) return parameters;
  } catch (error) {
    if (error instanceof library.AuthorizationResponseError) {
      throw callbackRefusal(provider, error.error);
    }
    throw notOfProvider(provider);
  }
  throw notOfProvider(provider);
}

function notOfProvider({ title }: OAuthProvider): OauthStateInvalid {
  return new OauthStateInvalid(
    `What the browser brought back does not look like an answer of ${title} to this request. Connect again.`,
  );
}
