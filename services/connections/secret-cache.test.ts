// Real: the cache. Doubled: the secret store, which counts what it is asked, and the clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Secrets, SecretVersion } from '#platform/secrets/secrets.ts';
import {
  PermissionMissing,
  SecretNotFound,
  SecretsUnavailable,
  SecretUnreadable,
} from '#schemas/problems.ts';
import { SecretCache } from './secret-cache.ts';

const TTL_MS = 60_000;
const REF = 'tenants/acme/connections/con_1/webhook';

/** Versions of one secret, in memory. */
class Store implements Pick<Secrets, 'access' | 'versions'> {
  readonly kept: { value: string; state: SecretVersion['state'] }[] = [];
  fault: Error | undefined;
  asked = 0;

  add(value: string): void {
    this.kept.push({ value, state: 'enabled' });
  }

  async versions(ref: string): Promise<SecretVersion[]> {
    this.asked += 1;
    if (this.fault) throw this.fault;
    if (ref !== REF || this.kept.length === 0) throw new SecretNotFound('There is no secret.');
    return this.kept
      .map(({ state }, index) => ({ version: index + 1, state, createdAtMs: 0 }))
      .reverse();
  }

  async access(_ref: string, version: number): Promise<string> {
    const kept = this.kept[version - 1];
    if (kept?.state !== 'enabled') throw new SecretNotFound('The version is not enabled.');
    return kept.value;
  }
}

let store: Store;
let cache: SecretCache;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  // The cache measures ages with the monotonic clock.
  vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
  store = new Store();
  cache = new SecretCache(store as unknown as Secrets, TTL_MS);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Lets the copy grow old, and the read in the background that follows end. */
async function renewed(): Promise<void> {
  await later(TTL_MS + 1);
  await cache.active(REF).catch(() => undefined);
  await later(0);
}

describe('secret cache', () => {
  it('asks the store once for many', async () => {
    store.add('one');
    const all = await Promise.all(Array.from({ length: 100 }, () => cache.active(REF)));
    expect(all.every((values) => values[0] === 'one')).toBe(true);
    await later(TTL_MS - 1);
    await cache.active(REF);
    expect(store.asked).toBe(1);
  });

  it('gives both values of a rotation, the newest first', async () => {
    store.add('old');
    store.add('new');
    await expect(cache.active(REF)).resolves.toEqual(['new', 'old']);
  });

  it('takes over a rotation in the background, without making anyone wait', async () => {
    store.add('old');
    await cache.active(REF);
    store.add('new');
    await later(TTL_MS + 1);
    await expect(cache.active(REF)).resolves.toEqual(['old']);
    await later(0);
    await expect(cache.active(REF)).resolves.toEqual(['new', 'old']);
  });

  it('leaves out versions that are disabled or destroyed', async () => {
    for (const value of ['first', 'second', 'third']) store.add(value);
    if (store.kept[0]) store.kept[0].state = 'destroyed';
    if (store.kept[2]) store.kept[2].state = 'disabled';
    await expect(cache.active(REF)).resolves.toEqual(['second']);
  });

  it('sees a change made here at once', async () => {
    store.add('old');
    await cache.active(REF);
    store.add('new');
    cache.forget(REF);
    await expect(cache.active(REF)).resolves.toEqual(['new', 'old']);
  });

  it('reads again what was forgotten while it was read', async () => {
    store.add('old');
    const listed = Promise.withResolvers<void>();
    const access = store.access.bind(store);
    store.access = async (ref, version) => {
      const value = await access(ref, version);
      await listed.promise;
      return value;
    };
    const reading = cache.active(REF);
    await later(0);
    store.add('new');
    cache.forget(REF);
    listed.resolve();
    await expect(reading).resolves.toEqual(['new', 'old']);
    await expect(cache.active(REF)).resolves.toEqual(['new', 'old']);
  });

  it.each([
    new Error('the store is away'),
    new SecretsUnavailable('Secret Manager did not answer.'),
    new PermissionMissing('The service account lacks secretmanager.versions.access.'),
    new SecretUnreadable('It cannot be decrypted.'),
  ])('serves the older copy when the store fails: $message', async (fault) => {
    store.add('kept');
    await cache.active(REF);
    store.fault = fault;
    for (let minute = 0; minute < 10; minute += 1) {
      await later(TTL_MS + 1);
      await expect(cache.active(REF)).resolves.toEqual(['kept']);
      await later(0);
    }
    expect(store.asked).toBeGreaterThan(5);
  });

  it('has no value when the store fails and there is no older copy', async () => {
    store.fault = new Error('the store is away');
    await expect(cache.active(REF)).rejects.toThrow('the store is away');
    store.fault = undefined;
    store.add('one');
    await expect(cache.active(REF)).resolves.toEqual(['one']);
  });

  it('has no value of a secret that does not exist, until it does', async () => {
    await expect(cache.active(REF)).rejects.toBeInstanceOf(SecretNotFound);
    store.add('one');
    await expect(cache.active(REF)).resolves.toEqual(['one']);
  });

  it.each(['disabled', 'destroyed'] as const)(
    'stops serving a value once its only version is %s',
    async (state) => {
      store.add('revoked');
      await cache.active(REF);
      if (store.kept[0]) store.kept[0].state = state;
      await renewed();
      await expect(cache.active(REF)).rejects.toBeInstanceOf(SecretNotFound);
      await expect(cache.active(REF)).rejects.toBeInstanceOf(SecretNotFound);
    },
  );

  it.each([
    { name: 'its version', left: () => [] as string[] },
    { name: 'the newest of two', left: () => ['other'] },
  ])('stops serving $name that is gone between list and read', async ({ left }) => {
    for (const value of left()) store.add(value);
    store.add('revoked');
    await cache.active(REF);
    const access = store.access.bind(store);
    store.access = async (ref, version) => {
      if (version === store.kept.length) throw new SecretNotFound('It was destroyed just now.');
      return access(ref, version);
    };
    await renewed();
    if (left().length > 0) await expect(cache.active(REF)).resolves.toEqual(left());
    else await expect(cache.active(REF)).rejects.toBeInstanceOf(SecretNotFound);
  });

  it('serves the older copy when one of two values cannot be read', async () => {
    store.add('old');
    store.add('new');
    await cache.active(REF);
    store.access = async () => {
      throw new SecretsUnavailable('Secret Manager did not answer.');
    };
    await renewed();
    await expect(cache.active(REF)).resolves.toEqual(['new', 'old']);
  });

  it('stops serving a value once its secret is gone', async () => {
    store.add('gone');
    await cache.active(REF);
    store.kept.length = 0;
    await renewed();
    await expect(cache.active(REF)).rejects.toBeInstanceOf(SecretNotFound);
  });

  it('names the secret in its error, never a value', async () => {
    store.add('hidden-value');
    if (store.kept[0]) store.kept[0].state = 'disabled';
    const error = await cache.active(REF).catch((one: unknown) => one);
    expect(String(error)).toContain(REF);
    expect(String(error)).not.toContain('hidden-value');
  });
});
