import { LRUCache } from 'lru-cache';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { SecretNotFound } from '#schemas/problems.ts';

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
      noDeleteOnStaleGet: true,
      fetchMethod: (ref, older) =>
        activeValues(secrets, ref).catch((error: unknown) => {
          if (older) return older;
          throw error;
        }),
    });
  }

  /**
   * @returns every enabled value of the secret, at least one
   * @throws SecretNotFound when it has none, also when an older copy had
   * @throws SecretUnreadable, or what else the store throws, when there is no older copy
   */
  async active(ref: string): Promise<readonly string[]> {
    const cached = this.#cache.get(ref, { allowStale: false });
    const values = cached ?? (await this.#cache.forceFetch(ref));
    if (values.length > 0) return values;
    // Not kept: a value may be added at any time.
    this.#cache.delete(ref);
    throw new SecretNotFound(`The secret ${ref} has no enabled version. Add or enable one.`);
  }

  /** Forgets a secret, after it was changed here. */
  forget(ref: string): void {
    this.#cache.delete(ref);
  }
}

/** None when the secret is gone or disabled: only a store that does not answer leaves a copy in use. */
async function activeValues(secrets: Secrets, ref: string): Promise<readonly string[]> {
  const versions = await secrets.versions(ref).catch((error: unknown) => {
    if (error instanceof SecretNotFound) return [];
    throw error;
  });
  const enabled = versions.filter((version) => version.state === 'enabled');
  return Promise.all(enabled.map(({ version }) => secrets.access(ref, version)));
}
