import * as library from 'oauth4webapi';
import type { ConnectionSettings, Facts, OAuthProvider } from '#adapters/kit/oauth.ts';
import { sandboxAddress } from '#adapters/kit/oauth-sandbox/address.ts';
import { Problem } from '#schemas/problem.ts';
import { OauthClientMissing, ProviderUnavailable } from '#schemas/problems.ts';
import { type AskOptions, askProvider } from './ask-provider.ts';
import type { OAuthClient } from './oauth-client.ts';
import { refusal, type Stage } from './refusals.ts';
import type { Json } from './token-answer.ts';

export interface OAuthDeps {
  readonly providers: ReadonlyMap<string, OAuthProvider>;
  /** A sandbox that stands in for every provider: http on this machine. See `startOAuthSandbox`. */
  readonly sandboxUrl?: string | undefined;
  readonly fetch?: typeof fetch;
  readonly nowMs?: () => number;
  /** How long a provider may take for one answer. Default 10,000 ms. */
  readonly timeoutMs?: number;
}

/** One request to a provider, as the library needs it. */
export interface ProviderRequest {
  readonly server: library.AuthorizationServer;
  readonly client: library.Client;
  readonly options: {
    readonly [library.customFetch]: ReturnType<typeof askProvider>;
    readonly [library.allowInsecureRequests]: boolean;
  };
  /** The answer as it came, once it has. */
  readonly answer: () => Json;
}

export interface RequestOptions extends Pick<AskOptions, 'sentAs' | 'empty' | 'signal'> {
  readonly provider: OAuthProvider;
  /** Parsed. */
  readonly settings: ConnectionSettings;
  readonly facts: Facts;
  readonly clientId: string;
}

/** Prepares a request: addresses, limits, and the provider's way of speaking. */
export function prepareRequest(deps: OAuthDeps, options: RequestOptions): ProviderRequest {
  const { provider } = options;
  let answer: Json;
  return {
    server: serverOf(deps, options),
    client: { client_id: options.clientId },
    options: {
      [library.customFetch]: askProvider({
        provider,
        sentAs: options.sentAs,
        empty: options.empty,
        signal: options.signal,
        fetch: deps.fetch ?? fetch,
        timeoutMs: deps.timeoutMs ?? 10_000,
        onAnswer: (json) => {
          answer = json;
        },
      }),
      // Only a sandbox is reached without TLS.
      [library.allowInsecureRequests]: deps.sandboxUrl !== undefined,
    },
    answer: () => answer,
  };
}

/** A provider's addresses, or those of the sandbox that stands in for it. */
export function serverOf(
  { sandboxUrl }: OAuthDeps,
  { provider, settings, facts }: Pick<RequestOptions, 'provider' | 'settings' | 'facts'>,
): library.AuthorizationServer & { readonly authorization_endpoint: string } {
  const { authorization, token, revocation } = provider.endpoints(settings, facts);
  const place = (address: string) =>
    sandboxUrl === undefined ? address : sandboxAddress(sandboxUrl, provider.provider, address);
  return {
    issuer: provider.authorization.issuer ?? new URL(authorization).origin,
    authorization_endpoint: place(authorization),
    token_endpoint: place(token),
    ...(revocation !== undefined && { revocation_endpoint: place(revocation) }),
  };
}

/** @throws OauthClientMissing when the client has no secret */
export function clientAuthentication(
  { provider, title, token }: OAuthProvider,
  { clientSecret }: OAuthClient,
): library.ClientAuth {
  if (clientSecret === undefined) {
    throw new OauthClientMissing(
      `The app at ${title} is stored without its secret. Store it by PUT /v1/oauth/clients/${provider}.`,
    );
  }
  if (token.clientAuthentication === 'post') return library.ClientSecretPost(clientSecret);
  // RFC 6749 wants both URL-encoded first; the providers that ask for Basic do not decode them.
  return (_server, { client_id }, _body, headers) => {
    const pair = Buffer.from(`${client_id}:${clientSecret}`).toString('base64');
    headers.set('authorization', `Basic ${pair}`);
  };
}

/** For requests in which the client need not say who it is. */
export const noClientAuthentication: library.ClientAuth = () => undefined;

/** The problem that an error of the library amounts to. The library's own may hold tokens. */
export function toProblem(provider: OAuthProvider, stage: Stage, error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof library.ResponseBodyError) {
    return refusal(provider, stage, error.error, error.error_description);
  }
  const code = (error as { code?: unknown }).code;
  return new ProviderUnavailable(
    `${provider.title} answered with something that is no token answer.`,
    { cause: new Error(typeof code === 'string' ? code : 'unexpected') },
  );
}
