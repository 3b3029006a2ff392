import { describe, expect, it } from 'vitest';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { SecretCache } from './secret-cache.ts';
import { watchSecrets } from './secret-watch.ts';

/** A store whose notifications the test sends; its first `failures` watches fail. */
function storeWith(failures: number) {
  const watchers = new Set<(ref: string) => void>();
  let reads = 0;
  let watches = 0;
  const secrets = {
    versions: async () => [{ version: 1, state: 'enabled', createdAtMs: 0 }],
    access: async () => {
      reads += 1;
      return `value ${reads}`;
    },
    watch: async (onChanged: (ref: string) => void) => {
      watches += 1;
      if (watches <= failures) throw new Error('the topic is away');
      watchers.add(onChanged);
      return { close: async () => void watchers.delete(onChanged) };
    },
  } as unknown as Secrets;
  const tell = (ref: string) => {
    for (const watcher of watchers) watcher(ref);
  };
  return { secrets, watchers, tell };
}

describe('watching secrets', () => {
  it('drops the copy of a changed secret, and no other', async () => {
    const { secrets, watchers, tell } = storeWith(0);
    const cache = new SecretCache(secrets);
    const watch = watchSecrets({ secrets, cache, onError: () => undefined });
    expect([await cache.active('a'), await cache.active('b')]).toEqual([['value 1'], ['value 2']]);
    await expect.poll(() => watchers.size).toBe(1);
    tell('a');
    expect([await cache.active('a'), await cache.active('b')]).toEqual([['value 3'], ['value 2']]);
    await watch.close();
    expect(watchers.size).toBe(0);
  });

  it('says that it cannot, tries again, and begins once it can', async () => {
    const { secrets, watchers } = storeWith(2);
    const errors: string[] = [];
    const watch = watchSecrets({
      secrets,
      cache: new SecretCache(secrets),
      retryMs: 1,
      onError: (_message, error) => errors.push((error as Error).message),
    });
    await expect.poll(() => watchers.size).toBe(1);
    expect(errors).toEqual(['the topic is away', 'the topic is away']);
    await watch.close();
    expect(watchers.size).toBe(0);
  });

  it('leaves nothing when it is closed while it begins, or before it could', async () => {
    for (const failures of [0, 1]) {
      const { secrets, watchers } = storeWith(failures);
      const cache = new SecretCache(secrets);
      await watchSecrets({ secrets, cache, retryMs: 1, onError: () => undefined }).close();
      expect(watchers.size).toBe(0);
    }
  });
});
