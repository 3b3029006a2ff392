import type { ProviderResponse } from '#adapters/kit/provider-api.ts';

/**
 * - `returned`: 2xx, and what is about the request itself
 * - `token_refused`: the access token is not taken; a new one may be
 * - `unavailable`: 5xx and 429
 * - `redirected`: which no API does to a call that is right
 */
export type AnswerKind = 'returned' | 'token_refused' | 'unavailable' | 'redirected';

/**
 * Words of a 403 that say it is the token and not what it may do: RFC 6750, 3.1; and those of providers
 * that answer 403 to a token which has ended or was revoked (from memory, unconfirmed: `Bad_OAuth_Token` of
 * Salesforce's identity service).
 */
const REVOKED = /\b(?:invalid_token|token_revoked|token_expired|Bad_OAuth_Token)\b/;
/** Where such a word stands; the rest of a long answer is not searched. */
const SEARCHED_CHARACTERS = 2_000;

export function kindOf({ status, headers, text }: ProviderResponse): AnswerKind {
  if (status === 401) return 'token_refused';
  if (status === 403) {
    const said = `${headers['www-authenticate'] ?? ''} ${text.slice(0, SEARCHED_CHARACTERS)}`;
    return REVOKED.test(said) ? 'token_refused' : 'returned';
  }
  if (status === 429 || status >= 500) return 'unavailable';
  return status >= 300 && status < 400 ? 'redirected' : 'returned';
}

const LONGEST_WAIT_SECONDS = 3_600;

/** What Retry-After asks for, in seconds or as a date: RFC 9110, 10.2.3. At most an hour. */
export function retryAfterSeconds(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(LONGEST_WAIT_SECONDS, Math.max(1, Math.ceil(seconds)));
}
