// Real: PostgreSQL. Nothing is doubled.
import { afterEach, beforeAll, expect, it } from 'vitest';
import { DatabaseUnavailable } from '#schemas/problems.ts';
import type { Database } from '../database.ts';
import type { PostgresOptions, ServerConnection } from './options.ts';
import { openPostgres } from './postgres.ts';
import { describeOnPostgres } from './testing/suite.ts';

const never = () => new Promise<never>(() => undefined);

describeOnPostgres('the limits of postgres', {}, (server) => {
  let connection: ServerConnection;
  let db: Database;
  beforeAll(async () => {
    connection = await server().createDatabase();
    await server().admin('CREATE TABLE kept (n integer)', connection.database);
  });
  afterEach(() => db.close());

  const open = (options: Partial<PostgresOptions> = {}) => {
    db = openPostgres({ connection, ...options });
    return db;
  };
  const sessions = () =>
    server().admin(
      `SELECT query FROM pg_stat_activity WHERE datname = '${connection.database}' AND backend_type = 'client backend'`,
    );
  const kept = async () =>
    (await server().admin('SELECT n FROM kept', connection.database)).map(({ n }) => n);

  it('cancels a statement that runs too long, and says so', async () => {
    open({ statementTimeoutMs: 100, poolSize: 1 });
    const slow = db.query('SELECT pg_sleep(60)');
    await expect(slow).rejects.toThrow(DatabaseUnavailable);
    await expect(slow).rejects.toThrow(/longer than 100 ms/);
    await expect(slow).rejects.toMatchObject({ cause: { code: '57014' } });
    expect(await db.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('counts waiting for a lock', async () => {
    open({ statementTimeoutMs: 100 });
    await db.transaction(async (tx) => {
      await tx.query('LOCK TABLE kept');
      const other = openPostgres({ connection, statementTimeoutMs: 100 });
      await expect(other.query('SELECT n FROM kept')).rejects.toThrow(/longer than 100 ms/);
      await other.close();
    });
  });

  it('tells a cancel by an operator from its own', async () => {
    open();
    const slow = db.query('SELECT pg_sleep(61)');
    const failed = expect(slow).rejects.toThrow(/cancelled at the server/);
    await expect.poll(async () => JSON.stringify(await sessions())).toContain('pg_sleep(61)');
    await server().admin(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(61)'`,
    );
    await failed;
    await expect(slow).rejects.toThrow(DatabaseUnavailable);
  });

  it('rolls a transaction back that waits for its own body too long', async () => {
    open({ idleTransactionTimeoutMs: 100 });
    const endless = db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (1)');
      await never();
    });
    await expect(endless).rejects.toThrow(/waited 100 ms for its own body/);
    expect(await kept()).toEqual([]);
  });

  it('waits no longer than the connect timeout for a connection of the pool', async () => {
    open({ poolSize: 1, connectTimeoutMs: 100 });
    const entered = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const holding = db.transaction(async (tx) => {
      await tx.query('SELECT 1');
      entered.resolve();
      await left.promise;
    });
    await entered.promise;
    const waiting = db.query('SELECT 2');
    await expect(waiting).rejects.toThrow(DatabaseUnavailable);
    await expect(waiting).rejects.toThrow(/All 1 connections .* 100 ms/);
    left.resolve();
    await holding;
  });

  it('never opens more connections than the pool has', async () => {
    open({ poolSize: 3 });
    await Promise.all(Array.from({ length: 20 }, () => db.query('SELECT pg_sleep(0.01)')));
    expect(await sessions()).toHaveLength(3);
  });

  it('waits with closing for what is under way and leaves no session', async () => {
    open();
    const inserted = db.transaction(async (tx) => {
      await tx.query('SELECT pg_sleep(0.1)');
      await tx.query('INSERT INTO kept VALUES (2)');
    });
    const closing = db.close();
    await expect(db.query('SELECT 1')).rejects.toThrow(/is closed/);
    await closing;
    await inserted;
    expect(await kept()).toEqual([2]);
    await expect.poll(sessions).toEqual([]);
  });

  it('closes in time, whatever is under way, and rolls that back', async () => {
    open({ closeTimeoutMs: 100 });
    const entered = Promise.withResolvers<void>();
    const endless = db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (3)');
      entered.resolve();
      await never();
    });
    const slow = db.query('SELECT pg_sleep(60)');
    const failed = [
      expect(endless).rejects.toThrow(DatabaseUnavailable),
      expect(slow).rejects.toThrow(DatabaseUnavailable),
    ];
    await entered.promise;
    const startedAt = performance.now();
    await db.close();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await Promise.all(failed);
    expect(await kept()).toEqual([2]);
  });
});
