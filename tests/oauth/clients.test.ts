// The apps that we are at providers, what can be connected, and tokens of connections. See oauth-app.ts for
// what is real.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import { ConnectionTokens } from '#services/oauth/connection-tokens.ts';
import { type OAuthApp, openOAuthApp, registerClients } from './oauth-app.ts';

const pem = (modulusLength: number) =>
  generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;

let stack: AsyncDisposableStack;
let app: OAuthApp;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  app = await openOAuthApp(stack);
});
afterAll(() => stack.disposeAsync());

const put = (provider: string, body: object, as = 'platform') =>
  app.call('PUT', `/v1/oauth/clients/${provider}`, { as, body });
const list = async (as: string) => (await app.call('GET', '/v1/oauth/clients', { as })).body;
const providersOf = async (as: string) => {
  const { body } = await app.call('GET', '/v1/oauth/providers', { as });
  return body.providers as Record<string, unknown>[];
};
const clientOf = async (as: string, provider: string) =>
  (await providersOf(as)).find((one) => one.provider === provider)?.client;

describe('OAuth clients', () => {
  it('are stored, listed and replaced without their secret being shown', async () => {
    const first = await put('hubspot', { client_id: 'id-1', client_secret: 'first-secret' });
    expect(first.status).toBe(200);
    expect(first.body).toEqual({
      provider: 'hubspot',
      client_id: 'id-1',
      secret_ref: 'tenants/acme/oauth/hubspot',
      updated_by: 'platform',
      updated_at: expect.any(String),
    });
    const second = await put('hubspot', { client_id: 'id-2', client_secret: 'second-secret' });
    expect(await list('platform')).toEqual({ clients: [second.body] });
    expect(await app.clients.find('acme', 'hubspot')).toEqual({
      clientId: 'id-2',
      clientSecret: 'second-secret',
    });
    const versions = await app.secrets.versions('tenants/acme/oauth/hubspot');
    expect(versions.map(({ state }) => state)).toEqual(['enabled', 'destroyed']);
    const audit = await app.database.query<{ action: string; after: object }>(
      `SELECT action, actor, after FROM audit_log WHERE subject_id = 'hubspot' ORDER BY id`,
    );
    expect(audit).toHaveLength(2);
    expect(audit[1]).toMatchObject({ action: 'oauth_client.stored', after: { client_id: 'id-2' } });
    expect(JSON.stringify([first.text, second.text, audit])).not.toContain('-secret');
  });

  it('many at once leave one secret, that of the row', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `id-${index}`);
    await Promise.all(
      names.map((name) =>
        put('notion', { client_id: name, client_secret: `secret of ${name}`.replaceAll(' ', '-') }),
      ),
    );
    const { clients } = (await list('platform')) as {
      clients: { provider: string; client_id: string }[];
    };
    const shown = clients.find(({ provider }) => provider === 'notion')?.client_id;
    const used = await app.clients.find('acme', 'notion');
    expect(used).toEqual({ clientId: shown, clientSecret: `secret-of-${shown}` });
    const versions = await app.secrets.versions('tenants/acme/oauth/notion');
    expect(versions.filter(({ state }) => state === 'enabled')).toHaveLength(1);
  });

  it("are the tenant's own before those of the installation", async () => {
    await expect(app.clients.find('acme', 'linear')).rejects.toMatchObject({
      code: 'oauth_client_missing',
    });
    await put('linear', { client_id: 'shared', client_secret: 'x' }, 'operator');
    expect((await app.clients.find('acme', 'linear')).clientId).toBe('shared');
    expect(await clientOf('ana', 'linear')).toBe('installation');
    await put('linear', { client_id: 'own', client_secret: 'x' });
    expect((await app.clients.find('acme', 'linear')).clientId).toBe('own');
    expect((await app.clients.find('rival', 'linear')).clientId).toBe('shared');
    expect(await clientOf('ana', 'linear')).toBe('tenant');
    expect(await clientOf('rival', 'linear')).toBe('installation');
    expect(await clientOf('operator', 'linear')).toBe('tenant');
  });

  it('are removed with their secret, and can be stored again', async () => {
    const ref = 'tenants/acme/oauth/asana';
    await put('asana', { client_id: 'id', client_secret: 'x' });
    const remove = () => app.call('DELETE', '/v1/oauth/clients/asana', { as: 'platform' });
    expect((await remove()).status).toBe(204);
    const versions = await app.secrets.versions(ref);
    expect(versions.every(({ state }) => state === 'destroyed')).toBe(true);
    expect((await remove()).body.code).toBe('not_found');
    expect((await put('asana', { client_id: 'id', client_secret: 'y' })).status).toBe(200);
    expect((await app.clients.find('acme', 'asana')).clientSecret).toBe('y');
  });

  it('may have a key where the provider takes assertions', async () => {
    const answer = await put('salesforce', { client_id: 'id', private_key: pem(2048) });
    expect(answer.status).toBe(200);
    expect((await app.clients.find('acme', 'salesforce')).privateKey).toContain('PRIVATE KEY');
  });

  it.each([
    ['nothing', 'hubspot', { client_id: 'x' }],
    ['a copied space', 'hubspot', { client_id: ' x', client_secret: 'y' }],
    ['an unknown provider', 'nobody', { client_id: 'x', client_secret: 'y' }],
    [
      'a key without use',
      'hubspot',
      { client_id: 'x', client_secret: 'y', private_key: pem(2048) },
    ],
    ['a weak key', 'salesforce', { client_id: 'x', private_key: pem(1024) }],
    ['what is no key', 'salesforce', { client_id: 'x', private_key: 'secret-text' }],
  ])('are refused: %s', async (_name, provider, body) => {
    const answer = await put(provider, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    expect(answer.text).not.toContain('secret-text');
  });

  it.each(['ana', 'mia'])('are not for organisations: %s', async (as) => {
    expect((await put('hubspot', { client_id: 'x', client_secret: 'y' }, as)).status).toBe(403);
    expect((await app.call('GET', '/v1/oauth/clients', { as })).status).toBe(403);
    expect((await app.call('DELETE', '/v1/oauth/clients/hubspot', { as })).status).toBe(403);
  });

  it('are not seen by other tenants', async () => {
    expect(await list('operator')).not.toMatchObject({ clients: [{ client_id: 'own' }] });
    const { clients } = (await list('operator')) as { clients: { client_id: string }[] };
    expect(clients.map(({ client_id }) => client_id)).toEqual(['shared']);
  });
});

describe('providers', () => {
  it('tell what can be asked for, and how', async () => {
    const all = await providersOf('mia');
    expect(all).toHaveLength(10);
    expect(all.find((one) => one.provider === 'salesforce')).toMatchObject({
      title: 'Salesforce',
      grants: ['authorization_code', 'jwt_bearer', 'client_credentials'],
      revocable: true,
      redirect_uri: 'http://127.0.0.1:8080/oauth/callback/salesforce',
    });
    expect(all.find((one) => one.provider === 'clickup')).toMatchObject({
      grants: ['authorization_code'],
      revocable: false,
      scopes: [],
    });
    for (const { scopes } of all) {
      for (const scope of scopes as object[]) {
        expect(scope).toEqual({
          name: expect.any(String),
          title: expect.any(String),
          description: expect.any(String),
          required: expect.any(Boolean),
        });
      }
    }
  });
});

function credentialOf(provider: string): Credential {
  const answer = app.sandbox.grant({ provider });
  return {
    kind: 'oauth2',
    token: String(answer.access_token),
    refreshToken: answer.refresh_token as string | undefined,
    scopes: [],
    facts: {},
  };
}

const owner = (provider: string) => ({
  id: `con_${provider}`,
  accountId: 'T1' as string | null,
  tenantId: 'rival',
  provider,
  settings: {},
});

async function insert(accountId: string | null, tenantId: string): Promise<string> {
  const id = `con_${randomUUID()}`;
  await app.database.query(
    `INSERT INTO connections (id, tenant_id, provider, name, status, settings, secret_ref, account_id)
     VALUES ($1, $2, 'slack', $1, 'active', '{}', $1, $3)`,
    [id, tenantId, accountId],
  );
  await app.database.query(
    `INSERT INTO connection_credentials (connection_id, tenant_id, kind, secret_ref, secret_ref_version)
     VALUES ($1, $2, 'oauth2', $1, 1)`,
    [id, tenantId],
  );
  return id;
}

describe('tokens of connections', () => {
  let tokens: ConnectionTokens;
  beforeAll(async () => {
    await registerClients(app, ['slack', 'zoho', 'salesforce']);
    tokens = new ConnectionTokens({
      oauth: { providers: oauthProviders(), sandboxUrl: app.sandbox.url, timeoutMs: 2_000 },
      clients: app.clients,
      database: app.database,
    });
  });

  it('are refreshed', async () => {
    const credential = credentialOf('slack');
    const next = await tokens.refresh(owner('slack'), credential);
    expect(next.token).not.toBe(credential.token);
  });

  it('are obtained without a user', async () => {
    const settings = { login_url: 'https://acme.my.salesforce.com' };
    const one = await tokens.obtain('client_credentials', { ...owner('salesforce'), settings });
    expect(one.kind).toBe('client_credentials');
  });

  it('are revoked when a connection leaves, unless another one needs them', async () => {
    const own = await insert('T1', 'acme');
    const leave = (accountId: string | null) =>
      tokens.takeLeave({ ...owner('slack'), id: own, accountId }, credentialOf('slack'));
    expect(await leave('T1')).toEqual([]);
    expect(app.sandbox.stats('slack').revoked).toBe(1);
    const other = await insert('T1', 'rival');
    expect(await leave('T1')).toEqual([expect.stringContaining('another connection')]);
    expect(await leave('T2')).toEqual([]);
    // Nobody knows whose it is.
    expect(await leave(null)).toEqual([expect.stringContaining('another connection')]);
    await app.database.query('DELETE FROM connections WHERE id = $1', [other]);
    expect(await leave('T1')).toEqual([]);
    expect(app.sandbox.stats('slack').revoked).toBe(3);
  });

  it.each([
    ['no way to revoke', 'clickup', undefined],
    ['did not', 'zoho', 'unavailable'],
  ] as const)('say what was not done: %s', async (_name, provider, fault) => {
    if (fault) app.sandbox.fault({ kind: fault, on: 'revocation' });
    const notes = await tokens.takeLeave(owner(provider), credentialOf(provider));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(fault ? /was not revoked at Zoho CRM/ : /has no way to revoke/);
  });

  it('leave without a client, with a sentence', async () => {
    const notes = await tokens.takeLeave(owner('google'), credentialOf('google'));
    expect(notes[0]).toContain('No app is registered for google');
  });
});
