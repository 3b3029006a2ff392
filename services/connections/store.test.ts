// Real: Postgres, embedded and as a server, with the product's migrations.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { AccountConnected, ConnectionExists, NotFound, NotPermitted } from '#schemas/problems.ts';
import { connectionPage } from './page.ts';
import { ConnectionStore, type NewConnection, newConnectionId } from './store.ts';

const ACME = { tenantId: 'acme', orgId: null };

function newConnection(overrides: Partial<NewConnection> = {}): NewConnection {
  const settings = { allow_signature_versions: ['v3'], nested: { text: 'Zoë "1"' } };
  return {
    tenantId: 'acme',
    orgId: null,
    provider: 'hubspot',
    name: 'main',
    settings,
    ...overrides,
  };
}

describeOnEachDatabase('connection store', (open) => {
  let opened: TestDatabase;
  let database: Database;
  let store: ConnectionStore;

  beforeAll(async () => {
    opened = await open();
    database = opened.db;
    store = new ConnectionStore(database);
  });
  afterAll(() => opened.close());
  beforeEach(async () => {
    await database.query('DELETE FROM connections');
    await database.query('DELETE FROM connection_changes');
  });

  it('gives back what it was given', async () => {
    const given = newConnection({ orgId: 'org_1', labels: { region: 'eu' }, accountId: '42' });
    const connection = await store.insert(given, 'con_1', 'ref/1');
    expect(connection).toMatchObject({
      ...given,
      id: 'con_1',
      secretRef: 'ref/1',
      status: 'active',
      accountName: null,
      errorCount: 0,
      version: 1,
    });
    expect(new Date(connection.createdAt).toISOString()).toBe(connection.createdAt);
    await expect(store.all()).resolves.toEqual([connection]);
    await expect(store.find({ ...ACME, orgId: 'org_1' }, 'con_1')).resolves.toEqual(connection);
  });

  it.each([
    { what: 'name', second: {}, error: ConnectionExists, says: 'hubspot connection named "main"' },
    {
      what: 'account',
      second: { name: 'other' },
      error: AccountConnected,
      says: 'account is connected already',
    },
  ])('refuses a second of one $what, and keeps the first', async ({ second, error, says }) => {
    await store.insert(newConnection({ accountId: '42' }), 'con_1', 'ref/1');
    const again = store.insert(newConnection({ accountId: '42', ...second }), 'con_2', 'ref/2');
    await expect(again).rejects.toBeInstanceOf(error);
    await expect(again).rejects.toThrow(says);
    expect((await store.all()).map(({ id }) => id)).toEqual(['con_1']);
  });

  it('takes the same name and account for others', async () => {
    const account = newConnection({ accountId: '42' });
    await store.insert(account, 'con_1', 'ref/1');
    await store.insert({ ...account, orgId: 'org_1' }, 'con_2', 'ref/2');
    await store.insert({ ...account, tenantId: 'other' }, 'con_3', 'ref/3');
    await store.insert({ ...account, provider: 'custom' }, 'con_4', 'ref/4');
    await store.insert(newConnection({ name: 'no account' }), 'con_5', 'ref/5');
    await store.insert(newConnection({ name: 'nor this' }), 'con_6', 'ref/6');
    expect(await store.all()).toHaveLength(6);
  });

  it('changes what is told, and says when', async () => {
    const before = await store.insert(newConnection(), 'con_1', 'ref/1');
    const after = await store.update(before, { status: 'inactive', statusReason: 'disabled' });
    expect(after).toEqual({
      ...before,
      status: 'inactive',
      statusReason: 'disabled',
      statusSince: after.statusSince,
      updatedAt: after.updatedAt,
      version: 2,
    });
    expect(after.updatedAt >= before.updatedAt).toBe(true);
    await expect(store.all()).resolves.toEqual([after]);
    const renamed = await store.update(after, { name: 'new name', labels: { a: 'b' } });
    expect(renamed).toMatchObject({ name: 'new name', labels: { a: 'b' }, version: 3 });
    expect(renamed.statusSince).toBe(after.statusSince);
  });

  it('notes each change for analysts, and nothing that is none', async () => {
    const one = await store.insert(newConnection(), 'con_1', 'ref/1');
    const failed = {
      status: 'error',
      statusReason: 'health',
      statusDetail: 'It is away.',
    } as const;
    await store.update(one, failed);
    await database.query('UPDATE connections SET last_sync_at = now()');
    await store.delete(one);
    const rows = await database.query('SELECT change FROM connection_changes ORDER BY id');
    const changes = rows.map(({ change }) => change as Record<string, unknown>);
    expect(
      changes.map(({ operation, version, status, status_before, last_error }) => ({
        ...{ operation, version, status, status_before, last_error },
      })),
    ).toEqual([
      { operation: 'created', version: 1, status: 'active', status_before: null, last_error: null },
      {
        operation: 'updated',
        version: 2,
        status: 'error',
        status_before: 'active',
        last_error: 'It is away.',
      },
      {
        operation: 'deleted',
        version: 3,
        status: 'error',
        status_before: null,
        last_error: 'It is away.',
      },
    ]);
  });

  it.each([
    { what: 'none of the id', owner: ACME, id: 'con_nothing', error: NotFound },
    {
      what: "another tenant's",
      owner: { ...ACME, tenantId: 'other' },
      id: 'con_1',
      error: NotFound,
    },
    {
      what: "another organisation's",
      owner: { ...ACME, orgId: 'org_2' },
      id: 'con_1',
      error: NotFound,
    },
    { what: "an organisation's, from above", owner: ACME, id: 'con_1', error: NotFound },
    { what: 'shared', owner: { ...ACME, orgId: 'org_1' }, id: 'con_2', error: NotPermitted },
  ])('lets nobody change a connection that is $what', async ({ owner, id, error }) => {
    await store.insert(newConnection({ orgId: 'org_1' }), 'con_1', 'ref/1');
    await store.insert(newConnection({ name: 'shared' }), 'con_2', 'ref/2');
    await expect(store.own(owner, id)).rejects.toBeInstanceOf(error);
    const ofTenant = new ConnectionStore(forTenant(database, { ...owner, reach: 'org' }));
    await expect(ofTenant.own(owner, id)).rejects.toBeInstanceOf(error);
  });

  it('passes on what it does not know', async () => {
    const text = store.insert(newConnection({ name: 'a\u0000b' }), 'con_1', 'ref/1');
    await expect(text).rejects.not.toBeInstanceOf(ConnectionExists);
  });

  describe('pages', () => {
    const PAGE = { limit: 100 };
    const names = async (
      filter = {},
      owner: typeof ACME | { tenantId: string; orgId: string } = ACME,
    ) => (await connectionPage(database, owner, filter, PAGE)).connections.map(({ name }) => name);

    it('hold those of an organisation and those that all share, of one tenant', async () => {
      await store.insert(newConnection({ name: 'shared' }), 'con_shared', 'ref/1');
      await store.insert(newConnection({ tenantId: 'other' }), 'con_other', 'ref/1');
      for (const orgId of ['org_1', 'org_2']) {
        await store.insert(newConnection({ name: orgId, orgId }), `con_${orgId}`, 'ref/2');
      }
      expect(await names({}, { ...ACME, orgId: 'org_1' })).toEqual(['shared', 'org_1']);
      expect(await names({}, { ...ACME, orgId: 'org_3' })).toEqual(['shared']);
      expect(await names()).toEqual(['shared']);
      expect(await names({}, { tenantId: 'nobody', orgId: 'org_1' })).toEqual([]);
    });

    it.each([
      { filter: { provider: 'custom' }, finds: ['b'] },
      { filter: { status: 'inactive' }, finds: ['c'] },
      { filter: { q: 'ACCOUNT' }, finds: ['b'] },
      { filter: { q: '%' }, finds: [] },
      { filter: { accountId: '7' }, finds: ['b'] },
      { filter: { labels: { region: 'eu' } }, finds: ['a', 'c'] },
      { filter: { labels: { region: 'eu', tier: 'gold' } }, finds: ['c'] },
      { filter: { labels: { region: 'eu' }, status: 'active' }, finds: ['a'] },
    ] as const)('are filtered by $filter', async ({ filter, finds }) => {
      await store.insert(newConnection({ name: 'a', labels: { region: 'eu' } }), 'con_a', 'r');
      const account = { accountId: '7', accountName: 'An account' };
      await store.insert(
        newConnection({ name: 'b', provider: 'custom', ...account }),
        'con_b',
        'r',
      );
      const labels = { region: 'eu', tier: 'gold' };
      const c = await store.insert(newConnection({ name: 'c', labels }), 'con_c', 'r');
      await store.update(c, { status: 'inactive' });
      expect(await names(filter)).toEqual(finds);
    });

    it('follow each other, each connection on one of them, also those of one instant', async () => {
      await database.query(
        `INSERT INTO connections (id, tenant_id, provider, name, secret_ref, created_at)
         SELECT 'con_' || n, 'acme', 'hubspot', n::text, 'r',
           timestamptz '2026-01-01T00:00:00.123456Z' + (n / 3) * interval '1 microsecond'
         FROM generate_series(1, 23) AS n`,
      );
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await connectionPage(database, ACME, {}, { limit: 5, cursor });
        expect(page.connections.length).toBeLessThanOrEqual(5);
        seen.push(...page.connections.map(({ id }) => id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toHaveLength(23);
      expect(new Set(seen).size).toBe(23);
    });
  });
});

describe('connection ids', () => {
  it('are 20 letters and digits that cannot be guessed', () => {
    const ids = Array.from({ length: 10_000 }, newConnectionId);
    expect(ids.every((id) => /^con_[a-z2-7]{20}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    // Each of the 32 characters stands about as often as any other.
    const counts = new Map<string, number>();
    for (const character of ids.flatMap((id) => [...id.slice(4)])) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).toBe(32);
    expect(Math.min(...counts.values())).toBeGreaterThan(5_000);
  });
});
