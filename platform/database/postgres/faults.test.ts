// Real: PostgreSQL, its processes, signals and sockets; a proxy in between withholds answers.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '#platform/testing/server-process.ts';
import { startTcpProxy } from '#platform/testing/tcp-proxy.ts';
import { DatabaseUnavailable } from '#schemas/problems.ts';
import type { Database } from '../database.ts';
import type { PostgresOptions } from './options.ts';
import { openPostgres } from './postgres.ts';
import { describeOnPostgres } from './testing/suite.ts';

const NOWHERE = { host: '127.0.0.1', user: 'postgres', database: 'postgres', password: 'x' };

describe('a postgres that is not there', () => {
  it('is opened, and each use says so at once', async () => {
    const db = openPostgres({ connection: { ...NOWHERE, port: await freePort() } });
    await expect(db.query('SELECT 1')).rejects.toThrow(DatabaseUnavailable);
    await expect(db.transaction(async () => 1)).rejects.toThrow(/ECONNREFUSED/);
    await expect(db.migrate()).rejects.toThrow(DatabaseUnavailable);
    await db.close();
  });

  it('is waited for no longer than the connect timeout when it takes calls and is silent', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const db = openPostgres({
      connection: { ...NOWHERE, port },
      connectTimeoutMs: 100,
      poolSize: 1,
    });
    const startedAt = performance.now();
    const both = await Promise.allSettled([db.query('SELECT 1'), db.query('SELECT 2')]);
    expect(both).toMatchObject([
      { status: 'rejected', reason: { code: 'database_unavailable' } },
      { status: 'rejected', reason: { code: 'database_unavailable' } },
    ]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await db.close();
    silent.close();
  });
});

describeOnPostgres('a postgres that fails', { durable: true }, (server) => {
  let db: Database;
  let told: { message: string; error: unknown }[];
  const open = (options: Partial<PostgresOptions> = {}) =>
    openPostgres({
      connection: server().connection,
      onError: (message, error) => told.push({ message, error }),
      ...options,
    });
  beforeEach(async () => {
    told = [];
    db = open();
    await db.query('CREATE TABLE IF NOT EXISTS kept (n integer)');
    await db.query('TRUNCATE kept');
  });
  afterEach(() => db.close());

  const kept = async () =>
    (await db.query<{ n: number }>('SELECT n FROM kept ORDER BY n')).map(({ n }) => n);
  const insert = (n: number) => db.query('INSERT INTO kept VALUES ($1)', [n]);
  /** Ends the server's side of every connection but the one that asks. */
  const terminateAll = () =>
    server().admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'tributary' AND pid <> pg_backend_pid()`,
    );

  it('replaces idle connections after a restart and says that they were lost', async () => {
    await Promise.all([1, 2, 3].map((n) => insert(n)));
    await server().restart();
    await expect.poll(kept, { timeout: 5_000 }).toEqual([1, 2, 3]);
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]?.message).toMatch(/was lost/);
    expect(told[0]?.error).not.toHaveProperty('client');
  });

  it('is unavailable while it is down and serves again afterwards', async () => {
    await insert(1);
    await server().halt();
    await expect(insert(2)).rejects.toThrow(DatabaseUnavailable);
    await expect(db.transaction((tx) => tx.query('SELECT 1'))).rejects.toThrow(DatabaseUnavailable);
    await server().start();
    expect(await kept()).toEqual([1]);
  });

  it('ends a statement under way whose session is ended', async () => {
    const sleeping = db.query('SELECT pg_sleep(60)');
    const failed = expect(sleeping).rejects.toThrow(DatabaseUnavailable);
    await expect
      .poll(() => server().admin(`SELECT 1 FROM pg_stat_activity WHERE query LIKE '%sleep(60)'`))
      .toHaveLength(1);
    await terminateAll();
    await failed;
    await insert(1);
    expect(await kept()).toEqual([1]);
  });

  it('ends a transaction whose session is ended while its body does something else', async () => {
    const waiting = db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (1)');
      await terminateAll();
      await new Promise<never>(() => undefined);
    });
    await expect(waiting).rejects.toThrow(DatabaseUnavailable);
    await expect(waiting).rejects.toMatchObject({ cause: { code: '57P01' } });
    expect(await kept()).toEqual([]);
  });

  it('keeps what was committed and nothing else after kill -9 in mid-transaction', async () => {
    await db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (1)');
      await tx.query('INSERT INTO kept VALUES (2)');
    });
    let killed: Promise<void> | undefined;
    const failing = db.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (3)');
      killed = server().kill();
      await killed;
      await tx.query('INSERT INTO kept VALUES (4)');
    });
    await expect(failing).rejects.toThrow(DatabaseUnavailable);
    await killed;
    await server().start();
    await expect.poll(kept, { timeout: 10_000 }).toEqual([1, 2]);
    await insert(5);
    expect(await kept()).toEqual([1, 2, 5]);
  });

  it('says that the outcome is not known when the answer of a COMMIT is lost', async () => {
    const proxy = await startTcpProxy(server().connection);
    const through = open({ connection: { ...server().connection, ...proxy.endpoint } });
    const committing = through.transaction(async (tx) => {
      await tx.query('INSERT INTO kept VALUES (7)');
      proxy.stall(['toClient']);
    });
    const failed = expect(committing).rejects.toThrow(
      /committed: whether it took effect is not known/,
    );
    await expect.poll(kept).toEqual([7]);
    proxy.drop();
    proxy.heal();
    await failed;
    await expect(committing).rejects.toThrow(DatabaseUnavailable);
    expect(await through.query('SELECT n FROM kept')).toEqual([{ n: 7 }]);
    await through.close();
    await proxy.close();
  });

  it('gives up on a server that falls silent in mid-statement', async () => {
    const proxy = await startTcpProxy(server().connection);
    const through = open({
      connection: { ...server().connection, ...proxy.endpoint },
      poolSize: 1,
      statementTimeoutMs: 100,
      connectTimeoutMs: 200,
    });
    await through.query('SELECT 1');
    proxy.stall(['toClient']);
    await expect(through.query('SELECT 2')).rejects.toThrow(/fell silent/);
    proxy.drop();
    proxy.heal();
    expect(await through.query('SELECT 3 AS n')).toEqual([{ n: 3 }]);
    await through.close();
    await proxy.close();
  });
});
