import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseUnavailable, InternalError } from '#schemas/problems.ts';
import { describeDatabase } from '../conformance.ts';
import { openTestDatabase, type TestDatabase } from '../testing.ts';
import { openPglite } from './pglite.ts';

describeDatabase('pglite', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tributary-database-'));
  const { db } = await openTestDatabase({ dir: join(root, 'database') });
  return {
    db,
    async dispose() {
      await db.close();
      await rm(root, { recursive: true, force: true });
    },
  };
});

describe('pglite', () => {
  let root: string;
  let database: TestDatabase;
  /** What the disk does when it is asked to sync. */
  let onSync: () => void = () => undefined;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tributary-pglite-'));
    database = await openTestDatabase({
      dir: join(root, 'database'),
      syncFile: () => onSync(),
    });
    await database.db.query('CREATE TABLE kept (n integer)');
  });
  afterAll(async () => {
    await database.close();
    await rm(root, { recursive: true, force: true });
  });

  const numbers = async () => {
    const rows = await database.db.query<{ n: number }>('SELECT n FROM kept ORDER BY n');
    return rows.map((row) => row.n);
  };

  it('syncs the disk before a commit returns', async () => {
    let syncs = 0;
    onSync = () => {
      syncs += 1;
    };
    await database.db.query('INSERT INTO kept VALUES (1)');
    expect(syncs).toBe(1);
    await database.db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (2)');
      await tx.query('INSERT INTO kept VALUES (3)');
      expect(syncs).toBe(1);
    });
    expect(syncs).toBe(2);
    onSync = () => undefined;
  });

  it('refuses its own use inside a transaction instead of waiting for itself', async () => {
    await expect(database.db.transaction(() => database.db.query('SELECT 1'))).rejects.toThrow(
      InternalError,
    );
    await expect(
      database.db.transaction(() => database.db.transaction(async () => undefined)),
    ).rejects.toThrow(/inside one of its own transactions/);
  });

  it('bounds how long a transaction is open and how long others wait for it', async () => {
    const { db, close } = await openTestDatabase({ waitTimeoutMs: 50, transactionTimeoutMs: 100 });
    await db.query('CREATE TABLE kept (n integer)');
    const endless = db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (100)');
      await new Promise<never>(() => undefined);
    });
    const waiting = db.query('INSERT INTO kept VALUES (101)');
    await expect(waiting).rejects.toThrow(/busy with other work for 50 ms/);
    await expect(endless).rejects.toThrow(/open for 100 ms/);
    expect(await db.query('SELECT n FROM kept')).toEqual([]);
    await close();
  });

  it('checkpoints and vacuums by itself, so that the disk used stays bounded', async () => {
    const { db } = database;
    await db.query('CREATE TABLE churned (n integer, filler text)');
    const churn = async (rounds: number) => {
      for (let round = 0; round < rounds; round += 1) {
        await db.query(
          `INSERT INTO churned SELECT n, repeat('x', 1000) FROM generate_series(1, 4000) n`,
        );
        await db.query('DELETE FROM churned');
      }
    };
    await churn(20);
    const [wal] = await db.query<{ bytes: string }>(
      'SELECT sum(size)::bigint AS bytes FROM pg_ls_waldir()',
    );
    // About 100 MB of WAL and 90 MB of rows were written.
    expect(Number(wal?.bytes)).toBeLessThan(50e6);
    const [table] = await db.query<{ bytes: string }>(
      `SELECT pg_relation_size('churned') AS bytes`,
    );
    expect(Number(table?.bytes)).toBeLessThan(50e6);
  });

  it('stops when the disk fails and starts again when it is well', async () => {
    const { db } = database;
    onSync = () => {
      throw new Error('I/O error');
    };
    await expect(db.query('INSERT INTO kept VALUES (200)')).rejects.toThrow(DatabaseUnavailable);
    await expect(db.transaction((tx) => tx.query('INSERT INTO kept VALUES (201)'))).rejects.toThrow(
      DatabaseUnavailable,
    );
    onSync = () => undefined;
    await expect
      .poll(() => db.query('INSERT INTO kept VALUES (4)'), { timeout: 10_000 })
      .toEqual([]);
    const kept = await numbers();
    // What failed at the sync had been written: it may have survived, it was never confirmed.
    expect(kept.filter((n) => n < 200)).toEqual([1, 2, 3, 4]);
  });

  it('finds everything again after it was closed', async () => {
    const kept = await numbers();
    await database.db.close();
    const again = await openPglite({ dir: join(root, 'database') });
    expect(await again.query('SELECT n FROM kept ORDER BY n')).toEqual(kept.map((n) => ({ n })));
    await again.close();
  });
});
