import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type ExportedJWKSCache,
  errors,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from 'jose';

/** A token call has minutes; one that waits for keys should still be answered soon. */
const FETCH_TIMEOUT_MS = 3_000;
/**
 * Google announces a new key before it signs with it, and a token of an unknown key makes us look
 * again at once. So this only bounds how long a withdrawn key is still trusted.
 */
const FRESH_MS = 3_600_000;
/** Tokens of keys that nobody has make us ask no oftener, nor does an endpoint that is away. */
const COOLDOWN_MS = 30_000;
/** With the endpoint away, keys of this age are still used. Google keeps a key for days. */
const STALE_MS = 24 * 3_600_000;

/**
 * The keys of a token's issuer, fetched from its JWKS endpoint when they are first needed, for
 * `createTaskTokenVerifier`. With the endpoint away, keys that were fetched within a day are used on.
 *
 * @param url Google's is `https://www.googleapis.com/oauth2/v3/certs`
 */
export function createRemoteKeys(url: string): JWTVerifyGetKey {
  const cacheInput: JWKSCacheInput = {};
  // jose keeps it up to date.
  const cache = cacheInput as Partial<ExportedJWKSCache>;
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: FRESH_MS,
    cooldownDuration: COOLDOWN_MS,
    [jwksCache]: cacheInput,
  });
  let failure: { readonly atMs: number; readonly error: unknown } | undefined;
  return async (header, token) => {
    if (!failure || Date.now() - failure.atMs >= COOLDOWN_MS || !cache.jwks) {
      try {
        const key = await remote(header, token);
        failure = undefined;
        return key;
      } catch (error) {
        if (isAboutToken(error)) throw error;
        failure = { atMs: Date.now(), error };
      }
    }
    if (!cache.jwks || Date.now() - (cache.uat ?? 0) >= STALE_MS) throw failure.error;
    try {
      return await createLocalJWKSet(cache.jwks)(header, token);
    } catch {
      // It may be a new key, which we cannot see: not the token's fault.
      throw failure.error;
    }
  };
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
