import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import { InvalidRequest } from '#schemas/problems.ts';

/**
 * The scopes that are asked for: the required ones, and of the others those that are wanted.
 *
 * @throws InvalidRequest when a wanted one is none of the provider's
 */
export function requestedScopes(
  { scopes, title }: OAuthProvider,
  wanted: readonly string[],
): string[] {
  const unknown = wanted.filter((name) => !scopes.some((scope) => scope.name === name));
  if (unknown.length > 0) {
    throw new InvalidRequest(
      `${title} has no scope ${unknown.join(', ')} that could be asked for. GET /v1/oauth/providers lists them.`,
      { faults: [{ pointer: '/scopes', message: `not a scope: ${unknown.join(', ')}` }] },
    );
  }
  return scopes
    .filter(({ name, required }) => required || wanted.includes(name))
    .map(({ name }) => name);
}

/**
 * The scopes that were granted, in our spelling.
 *
 * @param reported as the provider lists them; undefined where it does not, which means all that were asked
 *   for (RFC 6749, 5.1)
 */
export function grantedScopes(
  { scopes, token }: OAuthProvider,
  reported: readonly string[] | undefined,
  requested: readonly string[],
  hasRefreshToken: boolean,
): string[] {
  const shown = new Set(scopes.filter((one) => one.shownBy).map(({ name }) => name));
  const prefix = token.scopePrefix ?? '';
  const listed = (reported ?? requested)
    .map((name) => (prefix !== '' && name.startsWith(prefix) ? name.slice(prefix.length) : name))
    .flatMap((name) => [name, ...(token.scopeIncludes?.[name] ?? [])]);
  const byToken = hasRefreshToken ? requested.filter((name) => shown.has(name)) : [];
  return [...new Set([...listed.filter((name) => !shown.has(name)), ...byToken])];
}

/** What was asked for and not granted. */
export function missingScopes(
  { scopes }: OAuthProvider,
  requested: readonly string[],
  granted: readonly string[],
): { readonly missing: string[]; readonly missingRequired: string[] } {
  const missing = requested.filter((name) => !granted.includes(name));
  const required = scopes.filter((scope) => scope.required).map(({ name }) => name);
  return { missing, missingRequired: missing.filter((name) => required.includes(name)) };
}
