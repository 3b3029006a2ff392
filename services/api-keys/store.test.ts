// What the role of requests may do with keys, and how they are found. Real: Postgres, embedded and as a
// server, under row-level security.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import type { Principal } from '../access/principal.ts';
import { makeApiKey } from './api-key.ts';
import { apiKeyTokens } from './api-key-tokens.ts';
import { insertApiKey, listApiKeys, lockApiKey, revokeApiKey } from './store.ts';

const principal = (tenantId: string, orgId: string | null): Principal => ({
  tenantId,
  orgId,
  role: 'owner',
  actor: 'user jane',
  reach: 'org',
});
const ONE = principal('acme', 'one');
const draft = {
  name: 'ci',
  role: 'administrator',
  scopes: ['events:read', 'replays:write'],
  expiresAt: new Date(Date.now() + 86_400_000),
} as const;

describeOnEachDatabase('API keys', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  it('are made, found, listed and revoked', async () => {
    const identify = apiKeyTokens(database.db);
    const tenant = forTenant(database.db, ONE);
    const made = makeApiKey();
    const { scopes, expires_at } = await insertApiKey(tenant, ONE, made, draft);
    expect([scopes, expires_at]).toEqual([draft.scopes, draft.expiresAt]);
    const { id } = made;
    const apiKey = { id, scopes: draft.scopes, expiresAt: draft.expiresAt };
    const identity = { tenantId: 'acme', orgId: 'one', role: 'administrator', apiKey };
    expect(await identify(made.key)).toEqual({ ...identity, actor: `api key ci (${id})` });

    const second = makeApiKey();
    await insertApiKey(tenant, ONE, second, { ...draft, name: 'later' });
    await database.db.query(
      "UPDATE api_keys SET created_at = created_at - interval '1 second' WHERE id = $1",
      [id],
    );
    const [first, ...none] = await listApiKeys(tenant, ONE, { limit: 1, before: [] });
    expect([first?.name, none]).toEqual(['later', []]);
    const before = [first?.created_at.toISOString() ?? '', first?.id ?? ''];
    const rest = await listApiKeys(tenant, ONE, { limit: 5, before });
    expect(rest.map((row) => row.id)).toEqual([id]);

    for (const other of [
      principal('acme', 'two'),
      principal('acme', null),
      principal('b', 'one'),
    ]) {
      const theirs = forTenant(database.db, other);
      expect(await listApiKeys(theirs, other, { limit: 5, before: [] })).toEqual([]);
      await expect(revokeApiKey(theirs, other, id)).rejects.toMatchObject({ code: 'not_found' });
      // Also when the statement itself forgets whose they are.
      await expect(revokeApiKey(theirs, ONE, id)).rejects.toMatchObject({ code: 'not_found' });
    }
    const revoked = await tenant.transaction(async (tx) => {
      await lockApiKey(tx, ONE, id);
      return revokeApiKey(tx, ONE, id);
    });
    expect(revoked).toMatchObject({ revoked_by: 'user jane', revoked_at: expect.any(Date) });
    await expect(identify(made.key)).rejects.toMatchObject({ code: 'not_authenticated' });
    expect(await identify(second.key)).toMatchObject({ orgId: 'one' });
    expect(await identify('trib_another-kind')).toBeUndefined();
  });
});
