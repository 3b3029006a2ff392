// Real: Postgres, embedded and as a server, with the product's migrations.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { ConnectionExists, NotFound } from '#schemas/problems.ts';
import { ConnectionStore, type NewConnection, newConnectionId } from './store.ts';

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
    await expect(store.list('acme')).resolves.toEqual([connection]);
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
    expect((await store.list('acme')).map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(await store.list('nobody')).toEqual([]);
  });

  it('changes the status of the tenant’s own connection, and says when', async () => {
    await store.insert(newConnection(), 'con_1', 'ref/1');
    await database.query("UPDATE connections SET updated_at = updated_at - interval '1 s'");
    const [before] = await store.list('acme');
    const after = await store.setStatus('acme', 'con_1', 'inactive');
    expect(after).toEqual({ ...before, status: 'inactive', updatedAt: after.updatedAt });
    expect(after.updatedAt > String(before?.updatedAt)).toBe(true);
    await expect(store.list('acme')).resolves.toEqual([after]);
  });

  it.each([
    { tenant: 'acme', id: 'con_nothing' },
    { tenant: 'other', id: 'con_1' },
  ])('finds no connection $id of tenant $tenant', async ({ tenant, id }) => {
    await store.insert(newConnection(), 'con_1', 'ref/1');
    await expect(store.setStatus(tenant, id, 'inactive')).rejects.toBeInstanceOf(NotFound);
    expect((await store.list('acme'))[0]?.status).toBe('active');
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
