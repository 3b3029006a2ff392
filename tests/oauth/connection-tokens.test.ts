// Tokens of connections with the client of their tenant. See oauth-app.ts for what is real.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import { ConnectionTokens } from '#services/oauth/connection-tokens.ts';
import { type OAuthApp, openOAuthApp, registerClients } from './oauth-app.ts';

let stack: AsyncDisposableStack;
let app: OAuthApp;
let tokens: ConnectionTokens;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  app = await openOAuthApp(stack);
  await registerClients(app, ['slack', 'zoho', 'clickup', 'salesforce']);
  tokens = new ConnectionTokens({
    oauth: { providers: oauthProviders(), sandboxUrl: app.sandbox.url, timeoutMs: 2_000 },
    clients: app.clients,
    database: app.database,
  });
});
afterAll(() => stack.disposeAsync());

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
  tenantId: 'acme',
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
    const notes = await tokens.takeLeave(owner('linear'), credentialOf('linear'));
    expect(notes[0]).toContain('No app is registered for linear');
  });
});
