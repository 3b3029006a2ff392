import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { InternalError, NotAuthenticated } from '#schemas/problems.ts';

export interface TokenExpectation {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JWTVerifyGetKey;
  /** Never one by a shared secret: whoever can verify such a token can make one. */
  readonly algorithms: readonly string[];
  /** What to say besides the reason when a token is refused. */
  readonly advice: string;
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
 * The claims of a token that was signed by the issuer's key, is meant for us, and is valid now.
 *
 * @throws NotAuthenticated when it is anything else
 * @throws InternalError when the keys cannot be fetched
 */
export async function verifyToken(token: string, expected: TokenExpectation): Promise<JWTPayload> {
  const { advice, algorithms, audience, issuer, jwks } = expected;
  try {
    const { payload } = await jwtVerify(token, jwks, {
      issuer,
      audience,
      algorithms: [...algorithms],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    return payload;
  } catch (cause) {
    if (cause instanceof errors.JOSEError && !KEY_FETCH_CODES.has(cause.code)) {
      throw new NotAuthenticated(`The token was refused (${cause.code}). ${advice}`, { cause });
    }
    throw new InternalError("The keys of the token's issuer could not be fetched. Retry shortly.", {
      cause,
    });
  }
}
