import type { Credential } from '#adapters/kit/provider-api.ts';
import { Problem } from '#schemas/problem.ts';
import { ProviderUnavailable } from '#schemas/problems.ts';
import type { CredentialRow } from './credential-row.ts';
import type { Failure } from './refresh-log.ts';

/** Takes tokens out of a text that a provider wrote, before it goes to a table, a log or an answer. */
export function withoutTokens(text: string, { token, refreshToken = token }: Credential): string {
  return text.replaceAll(token, '…').replaceAll(refreshToken, '…');
}

/**
 * What is stored when a provider refuses a refresh.
 *
 * @param row as it was read before the provider was asked
 * @param said why, without tokens, and what to do
 */
export function refusal({ refreshStartedAt }: CredentialRow, said: string): Failure {
  if (refreshStartedAt === null) {
    return { code: 'refresh_refused', detail: said };
  }
  return {
    code: 'tokens_lost',
    detail: `A refresh that began at ${refreshStartedAt.toISOString()} was cut off: the process ended, or its connection broke, between the provider's answer and storing it, so the new tokens were lost and the old ones do not work any more. Somebody has to authenticate the connection again. What came of the next refresh: ${said}`,
  };
}

/** What is stored when a token has ended that cannot be refreshed. */
export function ended(expiresAt: Date): Failure {
  return {
    code: 'token_expired',
    detail: `The access token ended at ${expiresAt.toISOString()} and the provider gave no refresh token. Authenticate the connection again.`,
  };
}

/** The problem that a failed refresh amounts to, without tokens. What is none is one of no answer. */
export function problemOfRefresh(error: unknown, credential: Credential): Problem {
  if (!(error instanceof Problem)) {
    return new ProviderUnavailable('The access token could not be refreshed. It is tried again.', {
      cause: errorWithoutTokens(error, credential),
    });
  }
  const message = withoutTokens(error.message, credential);
  if (message === error.message) return error;
  const { retryAfterSeconds } = error;
  return new ProviderUnavailable(
    message,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}

function errorWithoutTokens(error: unknown, credential: Credential): Error {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  const { cause } = error as { cause?: unknown };
  const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
  const copy = new Error(withoutTokens(reason, credential));
  copy.stack = withoutTokens(stack, credential);
  return copy;
}
