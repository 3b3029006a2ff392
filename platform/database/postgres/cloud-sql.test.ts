/**
 * Real: Google's connector (but in "the connector's answers", where a double counts what it is
 * asked), pg, PostgreSQL. Doubled: Google's Admin API and the TLS port of an instance, by a server on
 * the loopback network with certificates made for the test. So the login with IAM itself, which is
 * Google's, is not shown here: the server lets everybody in.
 */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import { freePort } from '#platform/testing/server-process.ts';
import {
  DatabaseUnavailable,
  InvalidConfig,
  PermissionMissing,
  ResourceMissing,
} from '#schemas/problems.ts';
import type { Database } from '../database.ts';
import type { CloudSqlConnector } from './cloud-sql.ts';
import type { PostgresOptions } from './options.ts';
import { openPostgres } from './postgres.ts';
import {
  type FakeCloudSql,
  INSTANCE,
  OPENSSL,
  startFakeCloudSql,
} from './testing/fake-cloud-sql.ts';
import { describeOnPostgres } from './testing/suite.ts';

const CONNECTION = {
  cloudSqlInstance: INSTANCE,
  ipType: 'PRIVATE',
  user: 'worker@some-project.iam',
  database: 'postgres',
} as const;

let db: Database | undefined;
afterEach(() => db?.close());
function open(
  makeConnector: () => Promise<CloudSqlConnector>,
  options: Partial<PostgresOptions> = {},
): Database {
  db = openPostgres({ connection: CONNECTION, makeConnector, connectTimeoutMs: 500, ...options });
  return db;
}

describe("the connector's answers", () => {
  const asked: unknown[] = [];
  /** A connector whose options come, or fail to come, like this. */
  const giving = (stream: () => Promise<() => Socket>) => {
    asked.length = 0;
    return async () => ({
      getOptions: async (options: unknown) => {
        asked.push(options);
        return { stream: await stream() };
      },
      close: () => asked.push('closed'),
    });
  };
  const failing = (error: unknown) => giving(() => Promise.reject(error));

  it('are asked for at the first use, with IAM and the kind of address', async () => {
    const port = await freePort();
    const database = open(giving(async () => () => socketTo(port)));
    expect(asked).toEqual([]);
    await expect(database.query('SELECT 1')).rejects.toThrow(DatabaseUnavailable);
    const once = [{ instanceConnectionName: INSTANCE, ipType: 'PRIVATE', authType: 'IAM' }];
    expect(asked).toEqual(once);
    await expect(database.query('SELECT 1')).rejects.toThrow(/instance some-project.*ECONNREFUSED/);
    expect(asked).toEqual(once);
    await database.close();
    await expect.poll(() => asked).toEqual([...once, 'closed']);
  });

  const failures = [
    { name: 'forbidden', error: { status: 403 }, kind: PermissionMissing, says: /cloudsql.client/ },
    { name: 'no instance', error: { status: 404 }, kind: ResourceMissing, says: /does not exist/ },
    {
      name: 'no such address',
      error: { code: 'ENOPRIVATESQLADMINIPADDRESS' },
      kind: ResourceMissing,
      says: /no PRIVATE address/,
    },
    {
      name: 'another region',
      error: { code: 'EBADSQLADMINREGION' },
      kind: ResourceMissing,
      says: /region/,
    },
    { name: 'no name', error: { code: 'EBADCONNECTIONNAME' }, kind: InvalidConfig, says: /is not/ },
    { name: 'an outage', error: { status: 503 }, kind: DatabaseUnavailable, says: /Admin API/ },
    { name: 'no network', error: { code: 'ENOTFOUND' }, kind: DatabaseUnavailable, says: /Retry/ },
  ];
  it.each(failures)('may be: $name', async ({ error, kind, says }) => {
    const database = open(failing(error));
    const query = database.query('SELECT 1');
    await expect(query).rejects.toThrow(kind);
    await expect(query).rejects.toThrow(says);
    await expect(query).rejects.toMatchObject({ cause: error });
    await database.close();
    expect(asked).not.toContain('closed');
  });

  it('are waited for no longer than the connect timeout', async () => {
    const database = open(
      giving(() => new Promise(() => undefined)),
      { connectTimeoutMs: 50 },
    );
    await expect(database.query('SELECT 1')).rejects.toThrow(/within 50 ms/);
  });

  it('are unusable without harm to the process, also for who waits in the pool', async () => {
    const port = await freePort();
    let sockets = 0;
    const database = open(
      giving(async () => () => {
        sockets += 1;
        if (sockets > 1) throw new Error('no certificate');
        return socketTo(port);
      }),
      { poolSize: 1 },
    );
    const both = await Promise.allSettled([database.query('SELECT 1'), database.query('SELECT 2')]);
    expect(both).toMatchObject([
      { reason: { code: 'database_unavailable', cause: { code: 'ECONNREFUSED' } } },
      { reason: { code: 'database_unavailable', cause: { message: 'no certificate' } } },
    ]);
  });
});

describeWith(OPENSSL, () => {
  describeOnPostgres("postgres by Google's connector", { trust: true }, (server) => {
    let fake: FakeCloudSql;
    beforeAll(async () => {
      await server().admin(`CREATE ROLE "${CONNECTION.user}" LOGIN`);
      fake = await startFakeCloudSql(server().connection);
      return () => fake.close();
    });

    it('logs in as the service account, over TLS', async () => {
      fake.requests.length = 0;
      const database = open(fake.connector);
      expect(await database.query('SELECT current_user::text AS me')).toEqual([
        { me: CONNECTION.user },
      ]);
      expect(fake.requests).toEqual([
        'GET /sql/v1beta4/projects/some-project/instances/main/connectSettings ',
        'POST /sql/v1beta4/projects/some-project/instances/main:generateEphemeralCert access_token,public_key',
      ]);
    });

    it('replaces connections that were cut', async () => {
      const database = open(fake.connector);
      await database.query('SELECT 1');
      await fake.unlisten();
      await expect.poll(() => outcome(database)).toBe('database_unavailable');
      await fake.listen();
      await expect.poll(() => outcome(database), { timeout: 5_000 }).toBe('ok');
    });

    it('outlives an instance and an Admin API that are away before the first login', async () => {
      await fake.unlisten();
      const database = open(fake.connector);
      // The address is known now, and leads nowhere: the connector would ask again by itself.
      expect(await outcome(database)).toBe('database_unavailable');
      fake.status = 404;
      expect(await outcome(database)).toBe('database_unavailable');
      fake.status = 200;
      await fake.listen();
      await expect.poll(() => outcome(database), { timeout: 5_000 }).toBe('ok');
    });

    it('names what is missing, closes, and asks again once that is granted', async () => {
      fake.status = 403;
      const refused = open(fake.connector);
      expect(await outcome(refused)).toBe('permission_missing');
      await refused.close();
      const waiting = open(fake.connector);
      expect(await outcome(waiting)).toBe('permission_missing');
      fake.status = 200;
      await expect.poll(() => outcome(waiting), { timeout: 5_000 }).toBe('ok');
    });
  });
});

/** As the connector's: under way already, with nothing left for pg to do. */
function socketTo(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  return Object.assign(socket, { connect: () => socket });
}

async function outcome(database: Database): Promise<unknown> {
  return database.query('SELECT 1').then(
    () => 'ok',
    (error: { code?: unknown }) => error.code,
  );
}
