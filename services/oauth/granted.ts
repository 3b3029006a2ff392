import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Account, Credential } from '#adapters/kit/provider-api.ts';
import { OauthScopeMissing } from '#schemas/problems.ts';
import { missingScopes } from './scopes.ts';

/**
 * Whether a credential allows what a connection needs.
 *
 * @returns what was asked for, is missing, and can be done without
 * @throws OauthScopeMissing
 */
export function assertScopes(
  provider: OAuthProvider,
  requested: readonly string[],
  { expiresAt, refreshToken, scopes }: Credential,
): string[] {
  const { missing, missingRequired } = missingScopes(provider, requested, scopes);
  const { title } = provider;
  if (missingRequired.length > 0) {
    const names = provider.scopes
      .filter(({ name }) => missingRequired.includes(name))
      .map((scope) => `${scope.title} (${scope.name})`);
    throw new OauthScopeMissing(
      `At ${title} not everything was allowed that a connection needs: ${names.join(', ')}. Nothing was connected. Connect again, and allow it.`,
    );
  }
  if (provider.refreshTokens !== 'none' && expiresAt !== undefined && refreshToken === undefined) {
    throw new OauthScopeMissing(
      `${title} gave no refresh token, so the connection would end at ${expiresAt}. Allow access at any time; if it was not asked for, remove the app at ${title} and connect again.`,
    );
  }
  return missing;
}

/** The account, as far as the token answer names it. */
export function accountIn({ token }: OAuthProvider, { facts }: Credential): Account {
  const first = (names: readonly string[] | undefined) =>
    names?.map((name) => facts[name]).find((value) => value !== undefined) ?? null;
  return { id: first(token.accountId), name: first(token.accountName) };
}
