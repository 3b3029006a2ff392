// The credential store. Real: Postgres, embedded and as a server, and encrypted secret files. Asserted: what
// stands where, and that the row points to a version that is there wherever a step fails.
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import {
  CredentialsRefused,
  DatabaseUnavailable,
  SecretNotFound,
  SecretsUnavailable,
  SecretUnreadable,
} from '#schemas/problems.ts';
import { CredentialStore } from '#services/credentials/credential-store.ts';
import { temporarySecrets } from '../support/embedded-drivers.ts';
import {
  addConnection,
  allText,
  type Frame,
  liveVersions,
  openFrame,
  rowOf,
  secretsWith,
  TENANT,
  testCredential,
} from './frame.ts';

const PLATFORM = { tenantId: TENANT, orgId: null, reach: 'tenant' } as const;

describeOnEachDatabase('credential store', (open) => {
  let stack: AsyncDisposableStack;
  let database: Database;
  let secrets: Secrets;
  let frame: Frame;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    secrets = await temporarySecrets(stack);
  });
  afterAll(() => stack.disposeAsync());
  beforeEach(() => {
    frame = openFrame(database, secrets);
  });

  const refOf = (id: string) => `tenants/${TENANT}/connections/${id}/credentials`;
  const put = async (overrides = {}, scopes: string[] = ['crm.read', 'crm.write']) => {
    const owner = await addConnection(database);
    await frame.store.put(forTenant(database, PLATFORM), owner, testCredential(overrides), scopes);
    return owner;
  };

  it('keeps the tokens as a secret, and what else is known in a row', async () => {
    const credential = testCredential();
    const { id } = await put({ expiresAt: credential.expiresAt });
    expect(await rowOf(database, id)).toMatchObject({
      tenant_id: TENANT,
      org_id: null,
      kind: 'oauth2',
      secret_ref: refOf(id),
      secret_ref_version: 1,
      expires_at: new Date(String(credential.expiresAt)),
      scopes_requested: ['crm.read', 'crm.write'],
      scopes_granted: ['crm.read'],
      refresh_count: '0',
      failures: 0,
      failure: null,
    });
    const read = await frame.store.read(id);
    expect(read.credential).toEqual(credential);
    expect(read.row).toMatchObject({ version: 1, connection: { provider: 'hubspot' } });
    expect(await allText(database)).not.toContain('sbx');
  });

  it('destroys the earlier version once the new one is in use, and forgets failures', async () => {
    const owner = await put();
    await database.query(
      `UPDATE connection_credentials SET failure = 'x', failure_detail = 'x', failures = 3,
         refresh_started_at = now(), refresh_count = 5 WHERE connection_id = $1`,
      [owner.id],
    );
    const again = testCredential({ kind: 'api_key', token: 'sbxat_again', expiresAt: undefined });
    await frame.store.put(database, owner, again, []);
    expect(await rowOf(database, owner.id)).toMatchObject({
      kind: 'api_key',
      secret_ref_version: 2,
      expires_at: null,
      failures: 0,
      failure: null,
      failure_detail: null,
      refresh_started_at: null,
      refresh_count: '5',
    });
    expect(await liveVersions(secrets, refOf(owner.id))).toEqual([2]);
    expect((await frame.store.read(owner.id)).credential.token).toBe('sbxat_again');
  });

  it('inserts the connection in the same transaction', async () => {
    const owner = { id: 'con_with', tenantId: TENANT, orgId: 'one' };
    const scope = { tenantId: TENANT, orgId: 'one', reach: 'org' } as const;
    await frame.store.put(forTenant(database, scope), owner, testCredential(), [], async (tx) => {
      await tx.query(
        `INSERT INTO connections (id, tenant_id, org_id, provider, name, status, settings, secret_ref)
         VALUES ('con_with', $1, 'one', 'hubspot', 'with', 'active', '{}', 'ref')`,
        [TENANT],
      );
    });
    expect(await rowOf(database, 'con_with')).toMatchObject({ org_id: 'one' });
  });

  it.each([
    { what: 'what comes with it fails', error: new Error('no') },
    { what: 'what comes with it is refused', error: new CredentialsRefused('no') },
  ])('changes nothing when $what', async ({ error }) => {
    const owner = await put();
    const failing = frame.store.put(database, owner, testCredential(), [], () =>
      Promise.reject(error),
    );
    await expect(failing).rejects.toBe(error);
    expect(await rowOf(database, owner.id)).toMatchObject({ secret_ref_version: 1 });
    expect(await liveVersions(secrets, refOf(owner.id))).toEqual([1]);
  });

  it('keeps both versions when it is not known which one the row has', async () => {
    const owner = await put();
    const lost = {
      query: database.query.bind(database),
      transaction: async <Result>(work: Parameters<typeof database.transaction<Result>>[0]) => {
        await database.transaction(work);
        throw new DatabaseUnavailable('The answer to the commit was lost.');
      },
    };
    const again = testCredential({ token: 'sbxat_again' });
    await expect(frame.store.put(lost, owner, again, [])).rejects.toThrow('lost');
    expect(await liveVersions(secrets, refOf(owner.id))).toEqual([2, 1]);
    expect((await frame.store.read(owner.id)).credential.token).toBe('sbxat_again');
  });

  it('stores nothing for a connection that is not there, or is of others', async () => {
    const none = { id: 'con_none', tenantId: TENANT, orgId: null };
    await expect(frame.store.put(database, none, testCredential(), [])).rejects.toThrow();
    expect(await liveVersions(secrets, refOf('con_none'))).toEqual([]);
    const { id } = await put();
    const rival = { tenantId: 'rival', orgId: null, reach: 'tenant' } as const;
    const owner = { id, tenantId: TENANT, orgId: null };
    const foreign = frame.store.put(forTenant(database, rival), owner, testCredential(), []);
    await expect(foreign).rejects.toMatchObject({ code: '42501' });
    await expect(frame.store.remove(forTenant(database, rival), owner)).resolves.toBeDefined();
    expect(await rowOf(database, id)).toMatchObject({ secret_ref_version: 1 });
  });

  it('of two that authenticate at once keeps one, whole', async () => {
    const owner = await put();
    const tokens = ['sbxat_a', 'sbxat_b', 'sbxat_c'];
    await Promise.all(
      tokens.map((token) => frame.store.put(database, owner, testCredential({ token }), [])),
    );
    const { row, credential } = await frame.store.read(owner.id);
    expect(row.version).toBe(4);
    expect(tokens).toContain(credential.token);
    expect(await liveVersions(secrets, refOf(owner.id))).toEqual([4]);
  });

  const broken: readonly { name: string; text: string }[] = [
    { name: 'no JSON', text: 'sbxat_first' },
    { name: 'another shape', text: '{"token":"sbxat_first"}' },
    { name: 'an empty token', text: JSON.stringify(testCredential({ token: '' })) },
    { name: 'a time that is none', text: JSON.stringify(testCredential({ expiresAt: 'sbx' })) },
  ];
  it.each(broken)(
    'says that a secret is unreadable, and not what it is: $name',
    async ({ text }) => {
      const { id } = await put();
      await secrets.addVersion(refOf(id), text);
      await database.query(
        'UPDATE connection_credentials SET secret_ref_version = 2 WHERE connection_id = $1',
        [id],
      );
      const error = await frame.store.read(id).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SecretUnreadable);
      expect(inspect(error, { depth: 9 })).not.toContain('sbx');
    },
  );

  it('says that the pinned version is gone', async () => {
    const { id } = await put();
    await secrets.destroy(refOf(id), 1);
    await expect(frame.store.read(id)).rejects.toThrow(SecretUnreadable);
  });

  it('follows a version that is replaced while it is read', async () => {
    const owner = await put();
    let replaced = false;
    const racing = secretsWith(secrets, {
      access: async (ref: string, version?: number) => {
        if (!replaced) {
          replaced = true;
          await frame.store.put(database, owner, testCredential({ token: 'sbxat_new' }), []);
        }
        return secrets.access(ref, version);
      },
    });
    const store = new CredentialStore({ database, secrets: racing, onError: () => undefined });
    await expect(store.read(owner.id)).resolves.toMatchObject({
      row: { version: 2 },
      credential: { token: 'sbxat_new' },
    });
  });

  it('says that a connection has none', async () => {
    const { id } = await addConnection(database);
    await expect(frame.store.read(id)).rejects.toThrow(CredentialsRefused);
    await expect(frame.store.row(id)).resolves.toBeUndefined();
  });

  it('removes row and values, and tells what it could not destroy', async () => {
    const owner = await put();
    await secrets.addVersion(refOf(owner.id), 'x');
    let away = true;
    const failing = secretsWith(secrets, {
      destroy: async (ref: string, version: number) => {
        if (away && version === 2) throw new SecretsUnavailable('away');
        await secrets.destroy(ref, version);
      },
    });
    const store = new CredentialStore({ database, secrets: failing, onError: () => undefined });
    const tenant = forTenant(database, PLATFORM);
    await expect(store.remove(tenant, owner)).resolves.toMatchObject({
      secretRef: refOf(owner.id),
      notDestroyed: [{ version: 2, error: expect.any(SecretsUnavailable) }],
    });
    expect(await rowOf(database, owner.id)).toEqual({});
    away = false;
    await expect(store.remove(tenant, owner)).resolves.toMatchObject({ notDestroyed: [] });
    await expect(secrets.access(refOf(owner.id))).rejects.toThrow(SecretNotFound);
    await store.put(tenant, owner, testCredential({ token: 'sbxat_back' }), []);
    expect((await store.read(owner.id)).credential.token).toBe('sbxat_back');
  });
});
