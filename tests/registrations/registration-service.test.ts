// Webhooks at a provider, kept by the service. Real: Postgres, embedded and as a server, with its leases;
// the settings of Zoho's adapter. Doubled: the provider, by one in memory whose failures the test decides
// on, and the clock. A process that ends is one whose next statement never reaches the database.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import type { SecretVersion } from '#platform/secrets/secrets.ts';
import {
  CredentialsRefused,
  ProviderRefused,
  ProviderUnavailable,
  SecretsUnavailable,
} from '#schemas/problems.ts';
import { ConnectionStore } from '#services/connections/store.ts';
import type { RegistrationLogEntry } from '#services/registrations/registration.ts';
import { RegistrationService } from '#services/registrations/registration-service.ts';
import { sweepRegistrations } from '#services/registrations/sweep.ts';
import { makeWebhookUrl } from '#services/registrations/webhook-url.ts';
import { TestProvider } from './provider.ts';

const START = Date.parse('2026-01-31T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PUBLIC_URL = 'https://hooks.example.com';
const SECRETS: Readonly<Record<number, string>> = { 1: 'first-secret-1', 2: 'other-secret-2' };

class Crash extends Error {}

describeOnEachDatabase('registrations', (open) => {
  let database: TestDatabase;
  let provider: TestProvider;
  let nowMs: number;
  let lines: RegistrationLogEntry[];
  let errors: unknown[];
  let versions: SecretVersion[];
  let secretsError: Error | undefined;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.db.query('DELETE FROM connections');
    await database.db.query('DELETE FROM leases');
    provider = new TestProvider();
    nowMs = START;
    lines = [];
    errors = [];
    versions = [{ version: 1, state: 'enabled', createdAtMs: 0 }];
    secretsError = undefined;
  });

  const onError = (_message: string, error: unknown) => void errors.push(error);

  function serviceOn(db: Database = database.db): RegistrationService {
    const { adapters } = provider;
    return new RegistrationService({
      adapters,
      database: db,
      secrets: {
        versions: async () => {
          if (secretsError) throw secretsError;
          return versions;
        },
        access: async (_ref, version = 1) => SECRETS[version] ?? '',
      },
      callProvider: () => provider.call,
      webhookUrl: makeWebhookUrl(() => PUBLIC_URL, adapters),
      log: async (_connection, entry) => void lines.push(entry),
      onError,
      nowMs: () => nowMs,
    });
  }

  const sweep = (db: Database = database.db) =>
    sweepRegistrations({ database: db, service: serviceOn(db), onError, nowMs: () => nowMs });

  interface ConnectionCase {
    readonly modules?: readonly string[];
    readonly credential?: boolean;
    readonly set?: string;
  }

  async function connect(
    id: string,
    { modules = ['Contacts', 'Deals'], credential = true, set }: ConnectionCase = {},
  ): Promise<void> {
    await new ConnectionStore(database.db).insert(
      {
        ...{ tenantId: 'acme', orgId: 'one', provider: 'zoho', name: id },
        settings: { watch_modules: modules },
      },
      id,
      `secret/${id}`,
    );
    if (credential) {
      await database.db.query(
        `INSERT INTO connection_credentials (connection_id, tenant_id, org_id, kind, secret_ref, secret_ref_version)
         VALUES ($1, 'acme', 'one', 'oauth2', $1, 1)`,
        [id],
      );
    }
    if (set) await update(id, set);
  }

  const update = (id: string, set: string) =>
    database.db.query(`UPDATE connections SET ${set} WHERE id = $1`, [id]);
  const rows = () =>
    database.db.query<Record<string, unknown>>(
      `SELECT connection_id, org_id, resource, state, external_id, expires_at, failures, failure, retry_at
       FROM webhook_registrations ORDER BY connection_id, resource`,
    );
  const told = () => lines.map(({ level, code, data }) => `${level} ${code} ${data.resource}`);
  const due = (minutes: number) => new Date(nowMs + minutes * 60_000);

  it('are made for what the settings name, with the address and the secret of the connection', async () => {
    await connect('con_1');
    const outcome = await serviceOn().ensure('con_1');
    expect(outcome).toMatchObject({
      held: true,
      result: [{ state: 'active' }, { state: 'active' }],
    });
    expect(await rows()).toMatchObject(
      ['Contacts', 'Deals'].map((resource) => ({
        ...{ connection_id: 'con_1', org_id: 'one', resource, state: 'active' },
        ...{ external_id: `con_1/${resource}`, expires_at: new Date(START + 6 * DAY) },
      })),
    );
    const { url, secret } = provider.kept.get('con_1/Deals') ?? {};
    expect(url).toMatch(/^https:\/\/hooks\.example\.com\/webhooks\/zoho\/con_1\/[\w-]{32}$/);
    expect(secret).toBe(SECRETS[1]);
    expect(told()).toEqual(['info webhook_registered Contacts', 'info webhook_registered Deals']);
    // Once: the second look finds all there.
    await serviceOn().ensure('con_1');
    expect(provider.asked).toEqual(['POST Contacts', 'POST Deals']);
    expect(JSON.stringify([lines, await rows()])).not.toContain(SECRETS[1]);
  });

  it('are extended in the last third of their life, by the schedule', async () => {
    await connect('con_1', { modules: ['Deals'] });
    await sweep();
    nowMs = START + 3.9 * DAY;
    expect(await sweep()).toMatchObject({ looked: 1, broken: 0, cut: false });
    expect(provider.asked).toEqual(['POST Deals']);
    nowMs = START + 4 * DAY;
    expect(await sweep()).toMatchObject({ due: 1 });
    expect(provider.asked).toEqual(['POST Deals', 'PATCH Deals']);
    expect(provider.kept.get('con_1/Deals')?.expiresAtMs).toBe(START + 10 * DAY);
    expect(await rows()).toMatchObject([{ expires_at: new Date(START + 10 * DAY) }]);
  });

  it('follow the settings', async () => {
    await connect('con_1', { modules: ['Contacts'] });
    await sweep();
    await update('con_1', `settings = '{"watch_modules": ["Deals"]}'`);
    await sweep();
    expect([...provider.kept.keys()]).toEqual(['con_1/Deals']);
    expect(await rows()).toMatchObject([{ resource: 'Deals' }]);
    expect(told().slice(1)).toEqual([
      'info webhook_removed Contacts',
      'info webhook_registered Deals',
    ]);
  });

  it('get a new secret once every process knows it', async () => {
    await connect('con_1', { modules: ['Deals'] });
    await sweep();
    versions = [{ version: 2, state: 'enabled', createdAtMs: nowMs }, ...versions];
    await serviceOn().ensure('con_1');
    expect(provider.kept.get('con_1/Deals')?.secret).toBe(SECRETS[1]);
    // The schedule looks at every secret once an hour.
    for (let minutes = 5; minutes <= 65; minutes += 5) {
      nowMs = START + minutes * 60_000;
      await sweep();
    }
    expect(provider.kept.get('con_1/Deals')?.secret).toBe(SECRETS[2]);
    expect(provider.asked).toEqual(['POST Deals', 'PATCH Deals']);
  });

  const left: readonly [name: string, connection: ConnectionCase, later?: string][] = [
    ['without credentials', { credential: false }],
    ['that is disabled', { set: "status = 'inactive'" }],
    ['that is disabled later', {}, "status = 'inactive'"],
    ['with settings that do not fit any more', {}, `settings = '{"watch_modules": "all"}'`],
  ];
  it.each(left)('of a connection %s are left as they are', async (_name, connection, later) => {
    await connect('con_1', connection);
    await sweep();
    const before = await rows();
    if (later) await update('con_1', later);
    nowMs = START + 5 * DAY;
    await sweep();
    expect(provider.asked.filter((one) => !one.startsWith('POST'))).toEqual([]);
    expect(await rows()).toEqual(before);
    expect(before).toHaveLength(later ? 2 : 0);
  });

  it('end with the connection, while its credentials still work', async () => {
    await connect('con_1');
    const service = serviceOn();
    await service.ensure('con_1');
    await update('con_1', "disconnected_at = now(), status = 'inactive'");
    const connection = await service.store.connection('con_1');
    if (!connection) throw new Error('the connection is there');
    expect(await service.farewell(connection)).toEqual([]);
    expect([provider.kept.size, await rows()]).toEqual([0, []]);
    expect(await sweep()).toMatchObject({ looked: 0 });
  });

  const farewells: readonly [name: string, failure: Error, left: number, last: string][] = [
    ['when the provider is away', new ProviderUnavailable('away'), 1, 'registration_delayed'],
    ['when the provider refuses it', new ProviderRefused('no'), 1, 'registration_failed'],
    ['when the credentials are gone already', new CredentialsRefused('gone'), 0, 'webhook_left'],
  ];
  it.each(farewells)(
    'that cannot be removed %s are told of',
    async (_name, failure, rowsLeft, code) => {
      await connect('con_1', { modules: ['Deals'] });
      const service = serviceOn();
      await service.ensure('con_1');
      await update('con_1', "disconnected_at = now(), status = 'inactive'");
      const connection = await service.store.connection('con_1');
      if (!connection) throw new Error('the connection is there');
      provider.failures.push(failure);
      const ends = new Date(START + 6 * DAY).toISOString();
      expect(await service.farewell(connection)).toEqual([
        `The webhook for Deals could not be removed at the provider. It ends by itself on ${ends}.`,
      ]);
      expect(await rows()).toHaveLength(rowsLeft);
      expect(lines.at(-1)?.code).toBe(code);
      // The schedule finishes it: by removing it, or when the credentials are gone for good.
      nowMs += 7 * HOUR;
      provider.failures.push(new CredentialsRefused('gone'));
      await sweep();
      expect(await rows()).toEqual([]);
    },
  );

  const failures: readonly [
    name: string,
    error: Error,
    expected: { state: string; failure: string; minutes: number; level: string },
  ][] = [
    [
      'the provider is away',
      new ProviderUnavailable('away'),
      { state: 'pending', failure: 'provider_unavailable', minutes: 1, level: 'warning' },
    ],
    [
      'the provider asks to wait',
      new ProviderUnavailable('later', { retryAfterSeconds: 900 }),
      { state: 'pending', failure: 'provider_unavailable', minutes: 15, level: 'warning' },
    ],
    [
      'the provider refuses it',
      new ProviderRefused('no'),
      { state: 'failed', failure: 'provider_refused', minutes: 360, level: 'error' },
    ],
    [
      'the credentials are refused',
      new CredentialsRefused('no'),
      { state: 'failed', failure: 'credentials_refused', minutes: 360, level: 'error' },
    ],
    [
      'the adapter has a fault',
      new TypeError('undefined is not a function'),
      { state: 'pending', failure: 'internal_error', minutes: 1, level: 'warning' },
    ],
  ];
  it.each(failures)('are tried again when %s', async (_name, error, expected) => {
    await connect('con_1', { modules: ['Deals'] });
    provider.failures.push(error);
    await sweep();
    const { state, failure, minutes, level } = expected;
    expect(await rows()).toMatchObject([{ state, failure, failures: 1, retry_at: due(minutes) }]);
    expect(lines).toMatchObject([{ level, data: { problem: failure, failures: 1 } }]);
    expect(errors).toHaveLength(error instanceof TypeError ? 1 : 0);
    nowMs += minutes * 60_000 - 1;
    await sweep();
    expect(provider.asked).toHaveLength(1);
    nowMs += 1;
    await sweep();
    expect(await rows()).toMatchObject([{ state: 'active', failure: null, failures: 0 }]);
  });

  it('wait longer with each failure, and not when somebody asks for them', async () => {
    await connect('con_1', { modules: ['Deals'] });
    for (const minutes of [1, 2, 4, 8]) {
      provider.failures.push(new ProviderUnavailable('away'));
      await sweep();
      expect(await rows()).toMatchObject([{ retry_at: due(minutes) }]);
      nowMs += minutes * 60_000;
    }
    nowMs -= 1;
    await serviceOn().ensure('con_1');
    expect(provider.asked).toHaveLength(4);
    await serviceOn().ensure('con_1', { all: true });
    expect(await rows()).toMatchObject([{ state: 'active' }]);
  });

  it('that cannot be extended stay as long as they last', async () => {
    await connect('con_1', { modules: ['Deals'] });
    await sweep();
    nowMs = START + 4 * DAY;
    provider.failures.push(new ProviderUnavailable('away'));
    await sweep();
    expect(await rows()).toMatchObject([
      { state: 'active', expires_at: new Date(START + 6 * DAY), failure: 'provider_unavailable' },
    ]);
    nowMs += HOUR;
    await sweep();
    expect(await rows()).toMatchObject([
      { state: 'active', expires_at: new Date(nowMs + 6 * DAY), failure: null },
    ]);
  });

  it('ask a provider that is away once, for all resources of a connection', async () => {
    await connect('con_1');
    provider.failures.push(new ProviderUnavailable('away'));
    await sweep();
    expect(provider.asked).toHaveLength(1);
    expect(await rows()).toMatchObject([{ failures: 1 }, { failures: 1 }]);
  });

  it('wait for a secret store that is away', async () => {
    await connect('con_1', { modules: ['Deals'] });
    secretsError = new SecretsUnavailable('away');
    await sweep();
    expect(await rows()).toMatchObject([{ state: 'pending', failure: 'secrets_unavailable' }]);
    expect(provider.asked).toEqual([]);
  });

  /** The database of a process that ends at a statement: before it, or once it is done. */
  function ending(pattern: RegExp, when: 'before' | 'after'): Database {
    const { db } = database;
    let ended = false;
    return {
      ...{ transaction: db.transaction.bind(db), migrate: db.migrate.bind(db) },
      close: async () => undefined,
      query: async (sql: string, values?: readonly unknown[]) => {
        if (ended) throw new Crash();
        ended = pattern.test(sql);
        if (ended && when === 'before') throw new Crash();
        const result = await db.query(sql, values);
        if (ended) throw new Crash();
        return result as never;
      },
    };
  }

  const crashes: readonly [
    name: string,
    pattern: RegExp,
    when: 'before' | 'after',
    asked: string[],
  ][] = [
    ['before it said what it would do', /INSERT INTO webhook_reg/, 'before', ['POST Deals']],
    ['before it asked the provider', /INSERT INTO webhook_reg/, 'after', ['POST Deals']],
    ['before the answer was kept', /SET state = 'active'/, 'before', ['POST Deals', 'POST Deals']],
    ['after the answer was kept', /SET state = 'active'/, 'after', ['POST Deals']],
  ];
  it.each(crashes)(
    'are whole again when a process ended %s',
    async (_name, pattern, when, asked) => {
      await connect('con_1', { modules: ['Deals'] });
      await sweep(ending(pattern, when));
      // What it held is free when its time is over.
      await database.db.query('DELETE FROM leases');
      nowMs += 300_000;
      await sweep();
      expect(await rows()).toMatchObject([{ state: 'active', external_id: 'con_1/Deals' }]);
      expect([...provider.kept.keys()]).toEqual(['con_1/Deals']);
      expect(provider.asked).toEqual(asked);
    },
  );

  it('are removed twice when a process ended before it had forgotten them', async () => {
    await connect('con_1', { modules: ['Deals'] });
    await sweep();
    await update('con_1', `settings = '{"watch_modules": []}'`);
    await sweep(ending(/DELETE FROM webhook_reg/, 'before'));
    expect(await rows()).toHaveLength(1);
    await database.db.query('DELETE FROM leases');
    await sweep();
    expect(await rows()).toEqual([]);
    expect(provider.asked).toEqual(['POST Deals', 'DELETE Deals', 'DELETE Deals']);
  });

  it('of a connection that ended while it was registered are removed, though nobody kept the answer', async () => {
    await connect('con_1', { modules: ['Deals'] });
    await sweep(ending(/SET state = 'active'/, 'before'));
    await database.db.query('DELETE FROM leases');
    await update('con_1', "disconnected_at = now(), status = 'inactive'");
    await sweep();
    expect([provider.kept.size, await rows()]).toEqual([0, []]);
  });

  it('of one connection do not keep others from being done', async () => {
    await connect('con_1', { modules: ['Deals'] });
    await connect('con_2', { modules: ['Deals'] });
    const broken = database.db;
    const query = async (sql: string, values?: readonly unknown[]) => {
      if (/INSERT INTO webhook_reg/.test(sql) && values?.[1] === 'con_1') throw new Crash();
      return broken.query(sql, values) as never;
    };
    const db = { ...database.db, query, transaction: broken.transaction.bind(broken) } as Database;
    expect(await sweep(db)).toMatchObject({ looked: 2, due: 2, broken: 1 });
    expect([...provider.kept.keys()]).toEqual(['con_2/Deals']);
  });

  it('are the work of one process at a time', async () => {
    await connect('con_1', { modules: ['Deals'] });
    const gate = Promise.withResolvers<void>();
    provider.gate = gate.promise;
    const first = sweep();
    await expect.poll(() => provider.asked.length).toBe(1);
    expect(await sweep()).toBeUndefined();
    expect(await serviceOn().ensure('con_1')).toEqual({ held: false });
    const patient = serviceOn().ensure('con_1', { waitMs: 10_000 });
    gate.resolve();
    expect(await first).toMatchObject({ due: 1 });
    expect(await patient).toMatchObject({ held: true, result: [{ state: 'active' }] });
    expect(provider.asked).toEqual(['POST Deals']);
  });

  it('are looked through page by page, and cut when the time is up', async () => {
    const ids = Array.from({ length: 501 }, (_, index) => `con_${String(index).padStart(4, '0')}`);
    await database.db.query(
      `INSERT INTO connections (id, tenant_id, provider, name, secret_ref, settings)
       SELECT id, 'acme', 'zoho', id, id, '{"watch_modules": ["Deals"]}' FROM unnest($1::text[]) AS id`,
      [ids],
    );
    await database.db.query(
      `INSERT INTO webhook_registrations (id, connection_id, tenant_id, resource, state, expires_at, renewed_at)
       SELECT gen_random_uuid(), id, 'acme', 'Deals', 'active', $2, $3 FROM unnest($1::text[]) AS id`,
      [ids, new Date(START + 6 * DAY), new Date(START)],
    );
    expect(await sweep()).toMatchObject({ looked: 501, due: 0, cut: false });
    const options = { database: database.db, service: serviceOn(), onError, budgetMs: 0 };
    expect(await sweepRegistrations(options)).toMatchObject({ looked: 500, cut: true });
  });
});
