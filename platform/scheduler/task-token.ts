import type { JWTVerifyGetKey } from 'jose';
import { verifyToken } from '#platform/jwt/verify-token.ts';
import { NotAuthenticated } from '#schemas/problems.ts';

export interface TaskTokenExpectation {
  /** Google's is `https://accounts.google.com`. */
  readonly issuer: string;
  readonly audience: string;
  /** The service account that the scheduler's jobs run as. */
  readonly email: string;
  /** Google's keys: `createRemoteKeys(url)`; the in-process scheduler's: its signer's `jwks`. */
  readonly jwks: JWTVerifyGetKey;
}

const ADVICE = 'Only the scheduler may call task endpoints.';

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
  const { email, ...issued } = expected;
  return async (authorization) => {
    const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new NotAuthenticated(`A bearer token is missing. ${ADVICE}`);
    const claims = await verifyToken(token, { ...issued, algorithms: ['RS256'], advice: ADVICE });
    if (claims.email !== email || claims.email_verified !== true) {
      throw new NotAuthenticated(`The token is not the scheduler account's. ${ADVICE}`);
    }
  };
}
