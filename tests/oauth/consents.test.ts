// From the button to the connection, and all the ways that fail on it. See oauth-app.ts for what is real.
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionExists, ProviderUnavailable } from '#schemas/problems.ts';
import {
  type Answer,
  type CallOptions,
  type OAuthApp,
  openOAuthApp,
  registerClients,
} from './oauth-app.ts';

let stack: AsyncDisposableStack;
let app: OAuthApp;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  app = await openOAuthApp(stack);
  const used = ['salesforce', 'hubspot', 'zoho', 'google', 'slack', 'clickup', 'linear'];
  await registerClients(app, used);
});
afterAll(() => stack.disposeAsync());
beforeEach(() => {
  app.sandbox.consent({});
  app.account.of = async () => ({ id: null, name: null });
});
afterEach(async () => {
  await app.database.query('DELETE FROM connections');
  await app.database.query('DELETE FROM oauth_authorizations');
  app.refs.clear();
});

const SALESFORCE = { provider: 'salesforce', name: 'Sales' };

async function begin(body: object = SALESFORCE, options: CallOptions = {}): Promise<string> {
  const answer = await app.call('POST', '/v1/oauth/authorizations', { ...options, body });
  expect(answer.text).toContain('authorization_url');
  expect(answer.status).toBe(201);
  return String(answer.body.authorization_url);
}

/** Path and query of the callback that the browser is sent to. */
async function consent(
  url: string,
  choice?: Parameters<OAuthApp['sandbox']['visit']>[1],
): Promise<string> {
  const { pathname, search } = new URL(await app.sandbox.visit(url, choice));
  return pathname + search;
}

const comeBack = (callback: string, options: CallOptions = {}): Promise<Answer> =>
  app.call('GET', callback, { accept: 'application/json', ...options });

async function connect(body: object = SALESFORCE, options: CallOptions = {}): Promise<Answer> {
  const answer = await comeBack(await consent(await begin(body, options)), options);
  expect(answer.status).toBe(200);
  return answer;
}

/** All that a consent may leave. */
async function traces() {
  const count = async (table: string) => {
    const [row] = await app.database.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
    return Number(row?.n);
  };
  const refs = [...app.refs].filter((ref) => !ref.includes('/oauth/'));
  const versions = (await Promise.all(refs.map((ref) => app.secrets.versions(ref)))).flat();
  return {
    connections: await count('connections'),
    credentials: await count('connection_credentials'),
    secrets: versions.filter(({ state }) => state !== 'destroyed').length,
    awaited: await count('oauth_authorizations'),
    grants: app.sandbox.stats().live_grants,
  };
}

/** Asserts that something came to nothing, and that nothing of it is anywhere. */
async function expectNothingLeft(
  work: () => Promise<Answer>,
  code: string,
  left: Partial<Awaited<ReturnType<typeof traces>>> = {},
): Promise<Answer> {
  const before = await traces();
  const answer = await work();
  expect(answer.body.code).toBe(code);
  expect(await traces()).toEqual({ ...before, ...left });
  return answer;
}

describe('a consent', () => {
  it('makes a connection, whose tokens are in the secret store alone', async () => {
    const body = { ...SALESFORCE, labels: { team: 'west' }, settings: { note: 'x' } };
    const answer = await connect(body);
    expect(answer.body).toEqual({
      connection_id: expect.stringMatching(/^con_/),
      provider: 'salesforce',
      name: 'Sales',
      account: { id: '00D5g000004ABCDEA4', name: null },
      scopes_requested: ['api', 'refresh_token', 'id'],
      scopes_granted: ['api', 'id', 'refresh_token'],
      scopes_missing: [],
    });
    const [row] = await app.database.query<Record<string, unknown>>(
      `SELECT connections.org_id, labels, settings, account_id, kind, connection_credentials.secret_ref,
         scopes_requested
       FROM connections JOIN connection_credentials ON connection_id = connections.id`,
    );
    expect(row).toMatchObject({
      org_id: 'one',
      labels: { team: 'west' },
      settings: { note: 'x' },
      account_id: '00D5g000004ABCDEA4',
      kind: 'oauth2',
      scopes_requested: ['api', 'refresh_token', 'id'],
    });
    const stored = JSON.parse(await app.secrets.access(String(row?.secret_ref)));
    expect(stored.token).toMatch(/^sbxat_/);
    expect(answer.text).not.toMatch(/sbx/);
    expect(await traces()).toMatchObject({ connections: 1, awaited: 0 });
  });

  it('authenticates a connection again', async () => {
    const first = await connect();
    const id = String(first.body.connection_id);
    const again = await connect({ connection_id: id });
    expect(again.body).toMatchObject({ connection_id: id, name: 'Sales' });
    expect(await traces()).toMatchObject({ connections: 1, credentials: 1 });
  });

  it('is for the organisation that was chosen, or for what all share', async () => {
    await connect(SALESFORCE, { as: 'platform', org: 'two' });
    await connect({ provider: 'linear', name: 'All' }, { as: 'platform', org: 'platform' });
    const rows = await app.database.query(
      'SELECT org_id, provider FROM connections ORDER BY provider',
    );
    expect(rows).toEqual([
      { org_id: null, provider: 'linear' },
      { org_id: 'two', provider: 'salesforce' },
    ]);
  });

  it('tells what was asked for and not allowed', async () => {
    const url = await begin({ provider: 'slack', name: 'Chat', scopes: ['im:history'] });
    const scopes = ['channels:read', 'channels:history', 'users:read'];
    const answer = await comeBack(await consent(url, { scopes }));
    expect(answer.body).toMatchObject({
      scopes_missing: ['im:history'],
      account: { name: 'Acme' },
    });
  });

  it('takes what the provider says of the account before what came with the token', async () => {
    app.account.of = async () => ({ id: 'T9', name: 'Nine' });
    const answer = await connect({ provider: 'slack', name: 'Chat' });
    expect(answer.body.account).toEqual({ id: 'T9', name: 'Nine' });
  });

  it("gives HubSpot's connections the secret of the app, which signs its webhooks", async () => {
    await connect({ provider: 'hubspot', name: 'CRM' });
    expect(app.drafts.at(-1)?.secret).toBe('sbxsecret-_~!:+/=%');
    await connect();
    expect(app.drafts.at(-1)?.secret).toBeUndefined();
  });

  it('is stored without anything that could be used', async () => {
    const url = new URL(await begin());
    const rows = await app.database.query('SELECT * FROM oauth_authorizations');
    const text = JSON.stringify(rows);
    expect(rows).toHaveLength(1);
    expect(text).not.toContain(String(url.searchParams.get('state')));
    expect(text).not.toContain('cookie-of-ana');
    expect(text).not.toMatch(/sbx|verifier/);
  });

  it('is one of twenty at most in a browser', async () => {
    const urls: string[] = [];
    for (let index = 0; index < 22; index += 1) {
      urls.push(await begin({ provider: 'linear', name: `L${index}` }));
    }
    expect(await traces()).toMatchObject({ awaited: 20 });
    expect((await comeBack(await consent(urls[1] ?? ''))).body.code).toBe('oauth_state_invalid');
    expect((await comeBack(await consent(urls[2] ?? ''))).status).toBe(200);
  });
});

describe('what leaves nothing behind', () => {
  it('a state that is replayed', async () => {
    const callback = await consent(await begin());
    expect((await comeBack(callback)).status).toBe(200);
    const calls = app.sandbox.stats().code_calls;
    await expectNothingLeft(() => comeBack(callback), 'oauth_state_invalid');
    expect(app.sandbox.stats().code_calls).toBe(calls);
  });

  it('a callback that comes many times at once, but for one', async () => {
    const callback = await consent(await begin());
    const answers = await Promise.all(Array.from({ length: 8 }, () => comeBack(callback)));
    const codes = answers.map(({ status, body }) => body.code ?? status).sort();
    expect(codes).toEqual([200, ...Array(7).fill('oauth_state_invalid')]);
    expect(await traces()).toMatchObject({ connections: 1, credentials: 1, awaited: 0 });
  });

  it.each(['ben', 'anas_phone', 'rival'])('another browser: %s', async (browser) => {
    const callback = await consent(await begin());
    const { grants } = await traces();
    await expectNothingLeft(() => comeBack(callback, { browser }), 'oauth_wrong_browser');
    // It took nothing from the right one.
    expect((await comeBack(callback)).status).toBe(200);
    expect((await traces()).grants).toBe(grants + 1);
  });

  it('no browser', async () => {
    const callback = await consent(await begin());
    await expectNothingLeft(() => comeBack(callback, { browser: null }), 'session_required');
    expect((await comeBack(callback)).status).toBe(200);
  });

  it('consent that is denied', async () => {
    const callback = await consent(await begin(), { decision: 'deny' });
    await expectNothingLeft(() => comeBack(callback), 'oauth_denied', { awaited: 0 });
  });

  it.each([
    ['salesforce', ['refresh_token']],
    ['zoho', ['ZohoCRM.org.READ']],
    ['linear', ['']],
  ])('a scope that is missing: %s', async (provider, scopes) => {
    const callback = await consent(await begin({ provider, name: 'x' }), { scopes });
    const answer = await expectNothingLeft(() => comeBack(callback), 'oauth_scope_missing', {
      awaited: 0,
    });
    expect(answer.body.detail).toContain('not everything was allowed');
  });

  it('a refresh token that does not come', async () => {
    const url = new URL(await begin({ provider: 'google', name: 'x' }));
    url.searchParams.delete('access_type');
    const callback = await consent(url.href);
    const answer = await expectNothingLeft(() => comeBack(callback), 'oauth_scope_missing', {
      awaited: 0,
    });
    expect(answer.body.detail).toContain('no refresh token');
  });

  it.each(['salesforce', 'hubspot', 'clickup'])(
    'a code that is used twice: %s',
    async (provider) => {
      const first = await consent(await begin({ provider, name: 'first' }));
      const second = await consent(await begin({ provider, name: 'second' }));
      expect((await comeBack(first)).status).toBe(200);
      const forged = new URL(second, 'http://x');
      forged.searchParams.set('code', new URL(first, 'http://x').searchParams.get('code') ?? '');
      const before = await traces();
      const answer = await comeBack(forged.pathname + forged.search);
      expect(answer.body.code).toBe('oauth_code_refused');
      // The first connection stays here, though the provider ends its tokens, as RFC 6749 asks.
      expect(await traces()).toEqual({ ...before, awaited: 0, grants: before.grants - 1 });
    },
  );

  it('a consent that comes too late', async () => {
    const callback = await consent(await begin());
    await app.database.query(`UPDATE oauth_authorizations SET expires_at = now()`);
    const answer = await expectNothingLeft(() => comeBack(callback), 'oauth_state_invalid', {
      awaited: 0,
    });
    expect(answer.body.detail).toContain('10 minutes');
  });

  it.each([
    ['none', '?code=x'],
    ['one that was never asked for', `?code=x&state=${'s'.repeat(43)}`],
    ['two', `?code=x&state=${'s'.repeat(43)}&state=${'t'.repeat(43)}`],
    ['what is none', '?code=x&state=%00'],
    ['what is long', `?code=x&state=${'s'.repeat(5_000)}`],
  ])('a state that is not awaited: %s', async (_name, query) => {
    await expectNothingLeft(
      () => comeBack(`/oauth/callback/salesforce${query}`),
      'oauth_state_invalid',
    );
  });

  it("a state at another provider's callback, which does not use it up", async () => {
    const callback = await consent(await begin());
    const other = callback.replace('/salesforce', '/linear');
    await expectNothingLeft(() => comeBack(other), 'oauth_state_invalid');
    expect((await comeBack(callback)).status).toBe(200);
  });

  it('a callback of a provider there is not', async () => {
    await expectNothingLeft(() => comeBack('/oauth/callback/nobody?state=x'), 'invalid_request');
  });

  it.each(['unavailable', 'drop_answer'] as const)('a provider that is down: %s', async (kind) => {
    const callback = await consent(await begin());
    app.sandbox.fault({ kind, on: 'code' });
    const before = await traces();
    const answer = await comeBack(callback);
    expect(answer.body.code).toBe('provider_unavailable');
    // A token whose answer is lost cannot be revoked by anybody but the provider.
    const lost = kind === 'drop_answer' ? 1 : 0;
    expect(await traces()).toEqual({ ...before, awaited: 0, grants: before.grants + lost });
  });

  it('a client that was removed meanwhile', async () => {
    const callback = await consent(await begin());
    await app.call('DELETE', '/v1/oauth/clients/salesforce', { as: 'operator' });
    await expectNothingLeft(() => comeBack(callback), 'oauth_client_missing', { awaited: 0 });
    await registerClients(app, ['salesforce']);
  });

  it('an account that the provider does not tell', async () => {
    const callback = await consent(await begin());
    app.account.of = async () => {
      throw new ProviderUnavailable('No answer.');
    };
    await expectNothingLeft(() => comeBack(callback), 'provider_unavailable', { awaited: 0 });
  });

  it('a name that is taken', async () => {
    await connect({ provider: 'linear', name: 'Sales' });
    await connect();
    app.account.of = async () => ({ id: 'another', name: null });
    const callback = await consent(await begin());
    const code = ConnectionExists.kind.code;
    await expectNothingLeft(() => comeBack(callback), code, { awaited: 0 });
  });

  it('an account that is connected already: the other connection lives on', async () => {
    await connect();
    const callback = await consent(await begin({ ...SALESFORCE, name: 'Twice' }));
    await expectNothingLeft(() => comeBack(callback), 'account_connected', { awaited: 0 });
  });

  it('the same, where revoking would end the consent of the other connection too', async () => {
    await connect({ provider: 'slack', name: 'Chat' });
    const calls = app.sandbox.stats('slack').revocation_calls;
    const { grants } = await traces();
    const callback = await consent(await begin({ provider: 'slack', name: 'Twice' }));
    await expectNothingLeft(() => comeBack(callback), 'account_connected', {
      awaited: 0,
      grants: grants + 1,
    });
    expect(app.sandbox.stats('slack').revocation_calls).toBe(calls);
    // Another account's is revoked.
    app.account.of = async () => ({ id: 'T2', name: null });
    const other = await consent(await begin({ provider: 'slack', name: 'Chat' }));
    await expectNothingLeft(() => comeBack(other), 'connection_exists', { awaited: 0 });
    expect(app.sandbox.stats('slack').revocation_calls).toBe(calls + 1);
  });

  it('a token that cannot be revoked is told in the log, and the first error to the browser', async () => {
    const callback = await consent(await begin(), { scopes: ['api'] });
    app.sandbox.fault({ kind: 'unavailable', on: 'revocation' });
    const answer = await comeBack(callback);
    expect(answer.body.code).toBe('oauth_scope_missing');
    expect(app.logLines.join('')).toContain('was not revoked');
  });
});

describe('asking for consent', () => {
  const ask = (body: object, options: CallOptions = {}) =>
    app.call('POST', '/v1/oauth/authorizations', { ...options, body });

  it.each([
    ['no browser', SALESFORCE, { browser: null }, 401, 'session_required'],
    ['a member', SALESFORCE, { as: 'mia' }, 403, 'not_permitted'],
    ['no organisation', SALESFORCE, { as: 'platform' }, 400, 'org_required'],
    ['an unknown provider', { provider: 'nobody', name: 'x' }, {}, 400, 'invalid_request'],
    ['an unknown scope', { ...SALESFORCE, scopes: ['full'] }, {}, 400, 'invalid_request'],
    ['no name', { provider: 'salesforce' }, {}, 400, 'invalid_request'],
    ['a secret', { ...SALESFORCE, secret: 'x' }, {}, 400, 'invalid_request'],
    ['a name and a connection', { name: 'x', connection_id: 'con_1' }, {}, 400, 'invalid_request'],
    ['a connection that is not there', { connection_id: 'con_1' }, {}, 404, 'not_found'],
    [
      'settings of no address',
      { ...SALESFORCE, settings: { login_url: 'https://x.example.com' } },
      {},
      422,
      'invalid_settings',
    ],
    [
      'settings that a connection does not take',
      { ...SALESFORCE, settings: { color: 'red' } },
      {},
      422,
      'invalid_settings',
    ],
  ] as const)('is refused: %s', async (_name, body, options, status, code) => {
    const answer = await ask(body, options);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await traces()).toMatchObject({ awaited: 0 });
  });

  it('is refused without a client', async () => {
    const answer = await ask({ provider: 'notion', name: 'x' });
    expect([answer.status, answer.body.code]).toEqual([409, 'oauth_client_missing']);
  });

  it('is refused for what others own', async () => {
    const { body } = await connect();
    const id = body.connection_id;
    for (const as of ['ben', 'rival']) {
      expect((await ask({ connection_id: id }, { as })).body.code).toBe('not_found');
    }
    const shared = await connect(
      { provider: 'linear', name: 'All' },
      { as: 'platform', org: 'platform' },
    );
    const answer = await ask({ connection_id: shared.body.connection_id });
    expect(answer.body.code).toBe('not_permitted');
  });
});

describe('the page', () => {
  const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  it('tells what was connected, and takes nothing in that it is told', async () => {
    const name = '<img src=x onerror=alert(1)> "&\'';
    const url = await begin({ provider: 'slack', name, scopes: ['im:history'] });
    const scopes = ['channels:read', 'channels:history', 'users:read'];
    const page = await app.call('GET', await consent(url, { scopes }), HTML);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Slack is connected');
    expect(page.text).toContain('&#60;img src=x onerror=alert(1)&#62; &#34;&#38;&#39;');
    expect(page.text).toContain('Read channels <code>channels:history</code>');
    expect(page.text).toMatch(/not allowed<\/h2>\s*<ul>\s*<li>Read direct messages/);
    expect(page.text).not.toMatch(/<img|<script|sbx/);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+';/);
    expect(policy).toContain("frame-ancestors 'none'");
    const style = /<style>(.*)<\/style>/s.exec(page.text)?.[1] ?? '';
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  it.each([
    ['it was denied', { decision: 'deny' }, 403, 'The consent was not given', 'oauth_denied'],
    [
      'the provider refuses',
      { error: 'org<b>' },
      502,
      'The provider refused the request',
      'provider_refused',
    ],
    [
      'it is down',
      { error: 'server_error' },
      503,
      'The provider did not answer',
      'provider_unavailable',
    ],
  ] as const)('tells in plain words that %s', async (_name, choice, status, title, code) => {
    const page = await app.call('GET', await consent(await begin(), choice), HTML);
    expect(page.status).toBe(status);
    expect(page.text).toContain(`<h1>${title}</h1>`);
    expect(page.text).toContain(`<code>${code}</code>`);
    expect(page.text).toContain('Salesforce');
    expect(page.text).toContain('href="/"');
    expect(page.text).not.toContain('<b>');
    expect(page.headers['content-security-policy']).toBeDefined();
    expect(page.headers['retry-after'] !== undefined).toBe(status === 503);
  });

  it('says to sign in', async () => {
    const page = await app.call('GET', '/oauth/callback/salesforce', { ...HTML, browser: null });
    expect(page.status).toBe(401);
    expect(page.text).toContain('Sign in, then connect again.');
  });
});

describe('what is written down', () => {
  it('holds no code, token or secret', async () => {
    await connect();
    const lines = app.logLines.join('');
    expect(lines).not.toMatch(/sbx(?:at|rt|code|secret)/);
    const tables = ['connections', 'connection_credentials', 'oauth_clients', 'audit_log'];
    for (const table of tables) {
      const rows = JSON.stringify(await app.database.query(`SELECT * FROM ${table}`));
      expect(rows.length).toBeGreaterThan(2);
      expect(rows).not.toMatch(/sbx(?:at|rt|code|secret)/);
    }
  });
});
