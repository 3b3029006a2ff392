// Real: Postgres, embedded and as a server, with the product's migrations.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { ConnectionExists, NotFound, NotPermitted } from '#schemas/problems.ts';
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
  beforeEach(() => database.query('DELETE FROM connections'));

  it('gives back what it was given', async () => {
    const connection = await store.insert(newConnection({ orgId: 'org_1' }), 'con_1', 'ref/1');
    expect(connection).toMatchObject({
      ...newConnection({ orgId: 'org_1' }),
      id: 'con_1',
      secretRef: 'ref/1',
      status: 'active',
    });
    expect(new Date(connection.createdAt).toISOString()).toBe(connection.createdAt);
    await expect(store.all()).resolves.toEqual([connection]);
    await expect(store.list({ ...ACME, orgId: 'org_1' })).resolves.toEqual([connection]);
  });

  it('refuses a second connection of one tenant, provider and name, and keeps the first', async () => {
    await store.insert(newConnection(), 'con_1', 'ref/1');
    const second = store.insert(newConnection(), 'con_2', 'ref/2');
    await expect(second).rejects.toBeInstanceOf(ConnectionExists);
    await expect(second).rejects.toThrow('hubspot connection named "main"');
    await store.insert(newConnection({ name: 'other' }), 'con_3', 'ref/3');
    await store.insert(newConnection({ provider: 'custom' }), 'con_4', 'ref/4');
    await store.insert(newConnection({ tenantId: 'other' }), 'con_5', 'ref/5');
    const ids = (await store.all()).map(({ id }) => id);
    expect(ids.sort()).toEqual(['con_1', 'con_3', 'con_4', 'con_5']);
  });

  it('lists the connections of a tenant alone, oldest first', async () => {
    for (const name of ['c', 'a', 'b']) {
      // Rows of one transaction's millisecond have no order: these are a second apart.
      await database.query("UPDATE connections SET created_at = created_at - interval '1 s'");
      await store.insert(newConnection({ name }), `con_${name}`, `ref/${name}`);
    }
    await store.insert(newConnection({ tenantId: 'other' }), 'con_other', 'ref/other');
    expect((await store.list(ACME)).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(await store.list({ tenantId: 'nobody', orgId: null })).toEqual([]);
  });

  it('changes the status of the tenant’s own connection, and says when', async () => {
    await store.insert(newConnection(), 'con_1', 'ref/1');
    await database.query("UPDATE connections SET updated_at = updated_at - interval '1 s'");
    const [before] = await store.list(ACME);
    const after = await store.setStatus(ACME, 'con_1', 'inactive');
    expect(after).toEqual({ ...before, status: 'inactive', updatedAt: after.updatedAt });
    expect(after.updatedAt > String(before?.updatedAt)).toBe(true);
    await expect(store.list(ACME)).resolves.toEqual([after]);
  });

  it('lists those of an organisation and those that all share', async () => {
    await store.insert(newConnection({ name: 'shared' }), 'con_shared', 'ref/1');
    for (const orgId of ['org_1', 'org_2'])
      await store.insert(newConnection({ name: orgId, orgId }), `con_${orgId}`, 'ref/2');
    const names = async (orgId: string | null) =>
      (await store.list({ ...ACME, orgId })).map(({ name }) => name).sort();
    expect(await names('org_1')).toEqual(['org_1', 'shared']);
    expect(await names('org_3')).toEqual(['shared']);
    expect(await names(null)).toEqual(['shared']);
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
  ])('changes no connection that is $what', async ({ owner, id, error }) => {
    await store.insert(newConnection({ orgId: 'org_1' }), 'con_1', 'ref/1');
    await store.insert(newConnection({ name: 'shared' }), 'con_2', 'ref/2');
    await expect(store.setStatus(owner, id, 'inactive')).rejects.toBeInstanceOf(error);
    const statuses = (await store.all()).map(({ status }) => status);
    expect(statuses).toEqual(['active', 'active']);
  });

  it('passes on what it does not know', async () => {
    const text = store.insert(newConnection({ name: 'a\u0000b' }), 'con_1', 'ref/1');
    await expect(text).rejects.not.toBeInstanceOf(ConnectionExists);
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
