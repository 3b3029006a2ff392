import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { InternalError, NotAuthenticated } from '#schemas/problems.ts';

export interface TaskTokenExpectation {
  /** Google's is `https://accounts.google.com`. */
  readonly issuer: string;
  readonly audience: string;
  /** The service account that the scheduler's jobs run as. */
  readonly email: string;
  /** Google's keys: `createRemoteJWKSet(url)`; the in-process scheduler's: its signer's `jwks`. */
  readonly jwks: JWTVerifyGetKey;
}

/** Who may be a little ahead or behind of our clock. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** Failures of jose that are about fetching the keys and not about the token. */
const KEY_FETCH_CODES: ReadonlySet<string> = new Set([
  'ERR_JOSE_GENERIC',
  'ERR_JWKS_INVALID',
  'ERR_JWKS_TIMEOUT',
]);

/**
 * Makes the check that task endpoints put before everything else. Takes a request's Authorization
 * header and resolves when it holds an OIDC token of the scheduler's account. A signature alone
 * proves little, as Google signs tokens for everyone: issuer, audience, lifetime, email and
 * email_verified are all required.
 *
 * @returns a function that throws NotAuthenticated for anything else, and InternalError when the
 *   keys cannot be fetched
 */
export function createTaskTokenVerifier(
  expected: TaskTokenExpectation,
): (authorization: string | undefined) => Promise<void> {
  const { issuer, audience, email, jwks } = expected;
  return async (authorization) => {
    const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw refused('A bearer token is missing');
    const { payload } = await jwtVerify(token, jwks, {
      issuer,
      audience,
      algorithms: ['RS256'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'iat', 'sub'],
    }).catch((cause: unknown) => {
      throw translate(cause);
    });
    if (payload.email !== email || payload.email_verified !== true) {
      throw refused("The token is not the scheduler account's");
    }
  };
}

function translate(cause: unknown): NotAuthenticated | InternalError {
  if (cause instanceof errors.JOSEError && !KEY_FETCH_CODES.has(cause.code)) {
    return refused(`The token was refused (${cause.code})`, cause);
  }
  return new InternalError("The keys of the token's issuer could not be fetched. Retry shortly.", {
    cause,
  });
}

function refused(reason: string, cause?: unknown): NotAuthenticated {
  return new NotAuthenticated(`${reason}. Only the scheduler may call task endpoints.`, { cause });
}
