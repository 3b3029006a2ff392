import type { OAuthProvider } from '#adapters/kit/oauth.ts';
import type { Problem } from '#schemas/problem.ts';
import {
  CredentialsRefused,
  OauthClientMissing,
  OauthCodeRefused,
  OauthDenied,
  OauthScopeMissing,
  ProviderRefused,
  ProviderUnavailable,
} from '#schemas/problems.ts';

/** What was asked for when the provider refused. */
export type Stage = 'code' | 'refresh' | 'grant' | 'revocation';

/** Codes of RFC 6749 and 7009 after which the same request can never succeed. */
const PERMANENT = new Set([
  'access_denied',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_token',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_token_type',
]);
const CLIENT = new Set(['invalid_client', 'unauthorized_client']);
const TRANSIENT = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

/** The problem that an error answer of a token or revocation endpoint amounts to. */
export function refusal(
  provider: OAuthProvider,
  stage: Stage,
  code: string,
  description: string | undefined,
): Problem {
  const { title, errors } = provider;
  const said = quote(code);
  const transient = errors?.transient?.find(
    (one) => one.error === code && (one.description?.test(description ?? '') ?? true),
  );
  if (transient || TRANSIENT.has(code)) {
    return new ProviderUnavailable(`${title} asks to try again later (${said}).`, {
      retryAfterSeconds: transient?.retryAfterSeconds ?? 5,
    });
  }
  if (CLIENT.has(code) || errors?.client?.includes(code)) {
    // No fault of the connections': what they have is good again once the app is put right.
    const Refused =
      stage === 'refresh' || stage === 'grant' ? OauthClientMissing : CredentialsRefused;
    return new Refused(
      `${title} does not take the id and secret of our app (${said}). Compare them with what ${title} shows for the app, and store them again by PUT /v1/oauth/clients/${provider.provider}.`,
    );
  }
  const permanent = PERMANENT.has(code) || errors?.permanent?.includes(code);
  if (stage === 'code') {
    if (code === 'invalid_scope') return scopesRefused(provider, said);
    return new OauthCodeRefused(
      `${title} did not take the code of this consent (${said}): it was used before, ran out, or belongs to another app or address. Connect again; if that stays so, compare the redirect URI of the app at ${title}.`,
    );
  }
  if (!permanent) {
    return new ProviderUnavailable(
      `${title} refused for a reason that it does not document (${said}).`,
    );
  }
  if (stage === 'grant') {
    return new CredentialsRefused(
      `${title} gave no token (${said}). Check that the app is approved for the user and the organization, and that key, user name and address belong together.`,
    );
  }
  if (stage === 'revocation') {
    return new ProviderRefused(
      `${title} did not revoke the token (${said}). Remove the app there by hand.`,
    );
  }
  return new CredentialsRefused(
    `${title} does not take the refresh token any more (${said}). Authenticate the connection again.`,
  );
}

/** The problem that an error in the callback amounts to. */
export function callbackRefusal(provider: OAuthProvider, code: string): Problem {
  const { title } = provider;
  const said = quote(code);
  if (TRANSIENT.has(code)) {
    return new ProviderUnavailable(
      `${title} could not ask for consent at the moment (${said}). Connect again in a few minutes.`,
      { retryAfterSeconds: 60 },
    );
  }
  if (code === 'invalid_scope') return scopesRefused(provider, said);
  if (
    code === 'access_denied' ||
    code === 'consent_required' ||
    code === 'user_cancelled_authorize'
  ) {
    return new OauthDenied(
      `At ${title} the consent was not given (${said}). Nothing was connected. To connect, start again and allow it; some accounts need an administrator to do so.`,
    );
  }
  return new ProviderRefused(
    `${title} did not ask for consent (${said}). Nothing was connected. Check the app at ${title}: its redirect URI, its scopes, and whether the organization lets it in.`,
  );
}

function scopesRefused({ title }: OAuthProvider, said: string): Problem {
  return new OauthScopeMissing(
    `${title} does not give this account or app one of the scopes (${said}). Add the scopes to the app at ${title}, or ask for fewer.`,
  );
}

/** A code as a message may hold it: it comes from outside, and a description could repeat a secret. */
function quote(code: string): string {
  return /^[A-Za-z0-9_. -]{1,64}$/.test(code) ? `"${code}"` : 'an unreadable code';
}
