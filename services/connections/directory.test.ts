// Real: the directory and the adapters. Doubled: the store it reads, and the clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Connection } from './connection.ts';
import { testConnection } from './connections.test-support.ts';
import { ConnectionDirectory } from './directory.ts';

const REFRESH_MS = 15_000;

/** A store that can be away or slow. */
class Store {
  rows: Connection[] = [];
  reads = 0;
  away = false;
  /** While set, reads wait for it; each gives the rows of the time it began. */
  slow: Promise<void> | undefined;

  readonly load = async (): Promise<Connection[]> => {
    this.reads += 1;
    if (this.away) throw new Error('the database is away');
    const rows = [...this.rows];
    await this.slow;
    return rows;
  };
}

let store: Store;
let errors: string[];
let directory: ConnectionDirectory;

beforeEach(() => {
  vi.useFakeTimers();
  store = new Store();
  errors = [];
  directory = new ConnectionDirectory({
    load: store.load,
    adapters: adaptersByProvider(),
    onError: (message, error) => errors.push(`${message} ${(error as Error).message}`),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('connection directory', () => {
  it('gives connections that can receive', async () => {
    store.rows = [testConnection('a')];
    await directory.refresh();
    expect(directory.peek('a')).toMatchObject({ id: 'a', provider: 'hubspot' });
    expect(directory.peek('a')?.bound.verify).toBeTypeOf('function');
    expect(directory.peek('b')).toBeUndefined();
  });

  it('reads again in the background when its copy is old, and serves it meanwhile', async () => {
    store.rows = [testConnection('a')];
    await directory.refresh();
    store.rows = [
      testConnection('a', { status: 'inactive', updatedAt: '2026-02-01T00:00:00.000Z' }),
    ];
    expect(directory.peek('a')?.status).toBe('active');
    await later(REFRESH_MS);
    expect(store.reads).toBe(1);
    await later(1);
    expect(directory.peek('a')?.status).toBe('active');
    await later(0);
    expect(directory.peek('a')?.status).toBe('inactive');
    expect(store.reads).toBe(2);
  });

  it('forgets what the store no longer has', async () => {
    store.rows = [testConnection('a')];
    await directory.refresh();
    store.rows = [];
    await directory.refresh();
    expect(directory.peek('a')).toBeUndefined();
  });

  it('compiles a connection once, until it changes', async () => {
    store.rows = [testConnection('a')];
    await directory.refresh();
    const before = directory.peek('a')?.bound;
    await directory.refresh();
    expect(directory.peek('a')?.bound).toBe(before);
    store.rows = [testConnection('a', { updatedAt: '2026-02-01T00:00:00.000Z' })];
    await directory.refresh();
    expect(directory.peek('a')?.bound).not.toBe(before);
  });

  it('goes on with its copy while the store is away, and asks it once a second at most', async () => {
    store.rows = [testConnection('a')];
    await directory.refresh();
    store.away = true;
    await later(REFRESH_MS + 1);
    for (let tenth = 0; tenth < 100; tenth += 1) {
      for (let count = 0; count < 20; count += 1) {
        expect((await directory.find('a'))?.id).toBe('a');
      }
      await later(100);
    }
    expect(store.reads - 1).toBeLessThanOrEqual(11);
    expect(errors).toHaveLength(store.reads - 1);
    expect(errors[0]).toMatch(/last copy is served.*database is away/);
    store.away = false;
    store.rows.push(testConnection('b'));
    await later(1_000);
    expect((await directory.find('b'))?.id).toBe('b');
  });

  const broken: { name: string; row: Connection; why: RegExp }[] = [
    {
      name: 'its provider is gone',
      row: testConnection('broken', { provider: 'nothing' }),
      why: /no adapter nothing/,
    },
    {
      name: 'its settings do not fit',
      row: testConnection('broken', { settings: { portal_id: -1 } }),
      why: /portal_id/,
    },
    {
      name: 'its definition does not compile',
      row: testConnection('broken', { provider: 'custom', settings: { definition: {} } }),
      why: /definition/,
    },
  ];
  it.each(broken)('takes no other connection away when $name', async ({ row, why }) => {
    store.rows = [testConnection('a'), row, testConnection('z')];
    await directory.refresh();
    expect(['a', 'broken', 'z'].map((id) => directory.peek(id)?.id)).toEqual(['a', undefined, 'z']);
    expect(errors).toEqual([expect.stringMatching(why)]);
    expect(errors[0]).toContain('Connection broken cannot be used');
  });
});

describe('connection directory, unknown ids', () => {
  beforeEach(() => directory.refresh());

  it('finds a connection that was added elsewhere', async () => {
    await later(1_000);
    store.rows = [testConnection('new')];
    expect((await directory.find('new'))?.id).toBe('new');
  });

  it('costs the store one read a second at most, however many ask', async () => {
    await later(1_000);
    const before = store.reads;
    for (let tenth = 0; tenth < 50; tenth += 1) {
      const ids = Array.from({ length: 200 }, (_, index) => `con_${tenth}_${index}`);
      const found = await Promise.all(ids.map((id) => directory.find(id)));
      expect(found.filter((one) => one !== undefined)).toEqual([]);
      await later(100);
    }
    expect(store.reads - before).toBeLessThanOrEqual(6);
  });

  it('costs no more while the store is away, and is no answer then', async () => {
    await later(1_000);
    store.away = true;
    const before = store.reads;
    for (let tenth = 0; tenth < 50; tenth += 1) {
      const outcomes = await Promise.allSettled(['x', 'y', 'z'].map((id) => directory.find(id)));
      expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
      await later(100);
    }
    expect(store.reads - before).toBeLessThanOrEqual(6);
  });
});

describe('connection directory, refresh', () => {
  it('shares one read between all who ask before it begins', async () => {
    await Promise.all(Array.from({ length: 50 }, () => directory.refresh()));
    expect(store.reads).toBe(1);
  });

  it('sees what the caller changed, also when a read had begun before', async () => {
    const slow = Promise.withResolvers<void>();
    store.slow = slow.promise;
    const before = directory.refresh();
    await later(0);
    store.rows = [testConnection('added')];
    const after = Promise.all([directory.refresh(), directory.refresh()]);
    slow.resolve();
    await before;
    expect(directory.peek('added')).toBeUndefined();
    await after;
    expect(directory.peek('added')?.id).toBe('added');
    expect(store.reads).toBe(2);
  });

  it('tells its caller when the store is away, and works again after', async () => {
    store.away = true;
    await expect(directory.refresh()).rejects.toThrow('the database is away');
    store.away = false;
    await expect(directory.refresh()).resolves.toBeUndefined();
  });
});
