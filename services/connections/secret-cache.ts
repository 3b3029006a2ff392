import { LRUCache } from 'lru-cache';
import type { Secrets } from '#platform/secrets/secrets.ts';

/**
 * The active values of secrets, newest first, kept for a short time: read again in the background
 * when they are old, and served on when the secret store is away.
 */
export class SecretCache {
  readonly #cache: LRUCache<string, readonly string[]>;

  constructor(secrets: Secrets, ttlMs = 60_000, max = 10_000) {
    this.#cache = new LRUCache<string, readonly string[]>({
      max,
      ttl: ttlMs,
      allowStale: true,
      allowStaleOnFetchRejection: true,
      noDeleteOnFetchRejection: true,
      noDeleteOnStaleGet: true,
      fetchMethod: (ref) => activeValues(secrets, ref),
    });
  }

  /**
   * @returns every enabled value of the secret, at least one
   * @throws SecretNotFound or SecretUnreadable when there is neither a value nor an older copy
   */
  async active(ref: string): Promise<readonly string[]> {
    const cached = this.#cache.get(ref, { allowStale: false });
    if (cached) return cached;
    return this.#cache.forceFetch(ref);
  }

  /** Forgets a secret, after it was changed here. */
  forget(ref: string): void {
    this.#cache.delete(ref);
  }
}

async function activeValues(secrets: Secrets, ref: string): Promise<readonly string[]> {
  const versions = await secrets.versions(ref);
  const enabled = versions.filter((version) => version.state === 'enabled');
  if (enabled.length === 0) return [await secrets.access(ref)];
  return Promise.all(enabled.map(({ version }) => secrets.access(ref, version)));
}
