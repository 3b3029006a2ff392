import { LRUCache } from 'lru-cache';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { SecretNotFound } from '#schemas/problems.ts';

const MAX_READS = 3;

/**
 * The active values of secrets, newest first, kept for a short time: read again in the background
 * when they are old, and served on when the secret store is away.
 */
export class SecretCache {
  readonly #cache: LRUCache<string, readonly string[]>;
  #forgotten = 0;

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
    const values = cached ?? (await this.#read(ref));
    if (values.length > 0) return values;
    // Not kept: a value may be added at any time.
    this.#cache.delete(ref);
    throw new SecretNotFound(`The secret ${ref} has no enabled version. Add or enable one.`);
  }

  /** Forgets a secret that was changed, here or elsewhere. */
  forget(ref: string): void {
    this.#forgotten += 1;
    this.#cache.delete(ref);
  }

  async #read(ref: string): Promise<readonly string[]> {
    for (let attempt = 1; ; attempt += 1) {
      const forgotten = this.#forgotten;
      try {
        return await this.#cache.forceFetch(ref);
      } catch (error) {
        // Forgetting a secret gives up the read of it that is under way.
        if (this.#forgotten === forgotten || attempt === MAX_READS) throw error;
      }
    }
  }
}

/** None when the secret is gone or disabled: only a store that does not answer leaves a copy in use. */
async function activeValues(secrets: Secrets, ref: string): Promise<readonly string[]> {
  const versions = (await unlessGone(secrets.versions(ref))) ?? [];
  const enabled = versions.filter((version) => version.state === 'enabled');
  // A version may be disabled, or its secret deleted, after the list was made.
  const values = await Promise.all(
    enabled.map(({ version }) => unlessGone(secrets.access(ref, version))),
  );
  return values.filter((value) => value !== undefined);
}

async function unlessGone<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof SecretNotFound) return undefined;
    throw error;
  }
}
