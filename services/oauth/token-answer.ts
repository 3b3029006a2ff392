import type { FactSource, Facts, OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Credential, CredentialKind } from '#adapters/kit/provider-api.ts';
import { ProviderUnavailable } from '#schemas/problems.ts';
import { isLoopback } from './loopback.ts';
import { grantedScopes } from './scopes.ts';

/** JSON as a provider sent it: nothing about it is certain. */
export type Json = unknown;

export interface StandardAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const MAX_LIFETIME_SECONDS = 10 * 365 * 86_400;

/**
 * An answer of a token or revocation endpoint in the form of RFC 6749: errors with status 400 and a code,
 * tokens with type, lifetime and scope. Members with other uses are left out.
 *
 * @param status 2xx or 4xx
 */
export function standardAnswer(
  provider: OAuthProvider,
  status: number,
  json: Json,
): StandardAnswer {
  const accessToken = at(json, ['access_token']);
  const error = errorCode(provider, json);
  if (status >= 400 || accessToken === undefined || at(json, ['ok']) === false) {
    if (error !== undefined) {
      const description = at(json, ['error_description']) ?? at(json, ['message']);
      return {
        status: 400,
        body: { error, ...(typeof description === 'string' && { error_description: description }) },
      };
    }
    if (status >= 400) return { status, body: {} };
  }
  const lifetime = lifetimeSeconds(json);
  const refreshToken = at(json, ['refresh_token']);
  const scopes = reportedScopes(json);
  return {
    status: 200,
    body: {
      access_token: accessToken,
      // Slack's is "bot"; all are sent as each provider wants them.
      token_type: 'bearer',
      ...(lifetime !== undefined && { expires_in: lifetime }),
      ...(typeof refreshToken === 'string' &&
        refreshToken !== '' && { refresh_token: refreshToken }),
      ...(scopes !== undefined && { scope: scopes.join(' ') }),
    },
  };
}

/** What a token request was made with. */
export interface AskedWith {
  readonly kind: CredentialKind;
  /** Scopes that were asked for, or were granted before. */
  readonly scopes: readonly string[];
  /** Kept unless the answer has others of the same names. */
  readonly facts: Facts;
  readonly nowMs: number;
  /** Whether addresses on this machine are taken, as in a sandbox. */
  readonly allowLoopback: boolean;
}

/**
 * The credential in a token answer.
 *
 * @param standard what `standardAnswer` made of it, checked
 * @param json the answer as it came, for its facts
 * @throws ProviderUnavailable when it names an address that is not the provider's
 */
export function toCredential(
  provider: OAuthProvider,
  standard: {
    readonly access_token: string;
    readonly expires_in?: number | undefined;
    readonly refresh_token?: string | undefined;
    readonly scope?: string | undefined;
  },
  json: Json,
  { kind, scopes, facts, nowMs, allowLoopback }: AskedWith,
): Credential {
  const { access_token, refresh_token, scope } = standard;
  const lifetime = standard.expires_in ?? provider.token.defaultLifetimeSeconds;
  const reported = scope === undefined ? undefined : scope.split(' ').filter(Boolean);
  return {
    kind,
    token: access_token,
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(lifetime !== undefined && {
      expiresAt: new Date(nowMs + lifetime * 1_000).toISOString(),
    }),
    scopes: grantedScopes(provider, reported, scopes, refresh_token !== undefined),
    facts: { ...facts, ...factsOf(provider, json, allowLoopback) },
  };
}

function factsOf(provider: OAuthProvider, json: Json, allowLoopback: boolean): Facts {
  const facts: Record<string, string> = {};
  for (const [name, source] of Object.entries(provider.token.facts ?? {})) {
    const value = factOf(source, json);
    if (value === undefined) continue;
    if (source.domains && !isWithin(value, source.domains, allowLoopback)) {
      throw new ProviderUnavailable(
        `${provider.title} named an address for its API that is not its own, so the token was not taken.`,
        { cause: new Error('address_not_of_provider') },
      );
    }
    facts[name] = value;
  }
  return facts;
}

function factOf({ path, match }: FactSource, json: Json): string | undefined {
  const value = at(json, path);
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > 2_048) return undefined;
  return match ? match.exec(text)?.[1] : text;
}

/** True for an https address of one of the domains, without a path. */
function isWithin(address: string, domains: readonly string[], allowLoopback: boolean): boolean {
  if (allowLoopback && isLoopback(address)) return true;
  const url = URL.parse(address);
  return (
    url !== null &&
    url.href === `${url.origin}/` &&
    url.protocol === 'https:' &&
    domains.some((domain) => url.hostname === domain || url.hostname.endsWith(`.${domain}`))
  );
}

/** The first member that holds a code. */
function errorCode({ errors }: OAuthProvider, json: Json): string | undefined {
  return (errors?.members ?? ['error'])
    .map((name) => at(json, [name]))
    .find((value) => typeof value === 'string' && value !== '') as string | undefined;
}

/** The unambiguous spelling first: beside it, expires_in is in milliseconds. */
function lifetimeSeconds(json: Json): number | undefined {
  const value = at(json, ['expires_in_sec']) ?? at(json, ['expires_in']);
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds > 0)) return undefined;
  return Math.min(seconds, MAX_LIFETIME_SECONDS);
}

function reportedScopes(json: Json): string[] | undefined {
  const scope = at(json, ['scope']) ?? at(json, ['scopes']);
  if (typeof scope === 'string') return scope.split(/[\s,]+/).filter(Boolean);
  if (!Array.isArray(scope)) return undefined;
  return scope.filter((one) => typeof one === 'string' && one !== '' && !/\s/.test(one));
}

function at(json: Json, path: readonly string[]): unknown {
  let value = json;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value === null ? undefined : value;
}
