import type { Problem } from '#schemas/problem.ts';
import { CredentialsRefused, ProviderUnavailable } from '#schemas/problems.ts';
import type { CredentialRow } from './credential-row.ts';

/**
 * - `use`: the version in use is good
 * - `refresh`: it has ended, ends soon or was refused
 * - `wait`: a refresh failed and may be tried later; until then there is no token
 * - `failed`: somebody has to authenticate again
 * - `refused`: the provider does not take it, and a new one would be no different
 */
export type Verdict = 'use' | 'refresh' | 'wait' | 'failed' | 'refused';

/** A token is used for at least so long: a call takes up to 10 s, and clocks differ. */
export const LEAST_LEFT_MS = 60_000;
/**
 * A token that is younger was not refused for its age. Some providers give out only so many (Zoho: 10 in
 * 10 minutes), so a call that is refused for another reason must not make one each time.
 */
const YOUNG_MS = 60_000;

export interface Demand {
  /** A version that the provider has answered 401 to. */
  readonly refused?: number | undefined;
  /** How long the token must be good for. */
  readonly leastLeftMs: number;
}

/** Decides what is to be done for somebody who wants to call. By the database's clock. */
export function judge(row: CredentialRow, { refused, leastLeftMs }: Demand): Verdict {
  if (isFailed(row)) return 'failed';
  const now = row.now.getTime();
  const isRefused = refused !== undefined && row.version <= refused;
  const leftMs = (row.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - now;
  if (!isRefused && leftMs >= leastLeftMs) return 'use';
  if (row.kind === 'api_key') return isRefused ? 'refused' : 'use';
  const ageMs = now - (row.lastRefreshedAt?.getTime() ?? Number.NEGATIVE_INFINITY);
  if (isRefused && leftMs > 0 && ageMs < YOUNG_MS) return 'refused';
  if (row.retryAt === null || row.retryAt.getTime() <= now) return 'refresh';
  return !isRefused && leftMs > 0 ? 'use' : 'wait';
}

/** True when no refresh will help. */
export function isFailed({ failure, retryAt }: CredentialRow): boolean {
  return failure !== null && retryAt === null;
}

/** What a caller is told whom there is no token for. */
export function problemOf(
  row: CredentialRow,

  verdict: 'wait' | 'failed' | 'refused' | 'irreplaceable',
): Problem {
  switch (verdict) {
    case 'failed':
      return new CredentialsRefused(
        row.failureDetail ?? `Authenticate connection ${row.connectionId} again.`,
      );
    case 'refused':
      return new CredentialsRefused(
        row.kind === 'api_key'
          ? 'The provider does not take the API key. Enter a valid one.'
          : 'The provider does not take the credentials, though they are new. See what the account may do, or authenticate the connection again.',
      );
    case 'irreplaceable':
      return new CredentialsRefused(
        'The provider does not take the access token, and gave no refresh token. Authenticate the connection again.',
      );
    case 'wait': {
      const waitMs = (row.retryAt?.getTime() ?? 0) - row.now.getTime();
      return new ProviderUnavailable(
        row.failureDetail ?? 'The access token could not be refreshed. It is tried again.',
        { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
      );
    }
  }
}

const FIRST_RETRY_SECONDS = 30;
const LAST_RETRY_SECONDS = 3_600;

/**
 * How long to wait after so many failures in a row: 30 s, 60 s, 120 s… up to an hour, and up to a quarter
 * more, so that connections of one provider do not come back together.
 *
 * @param random from 0 to 1
 * @param askedForSeconds what the provider asked for
 */
export function retryDelaySeconds(failures: number, random: number, askedForSeconds = 0): number {
  const doubled = FIRST_RETRY_SECONDS * 2 ** (failures - 1);
  const seconds = Math.max(doubled * (1 + random / 4), askedForSeconds);
  return Math.min(LAST_RETRY_SECONDS, seconds);
}
