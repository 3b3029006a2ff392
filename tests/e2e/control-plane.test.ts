// Administrators of the whole product, over HTTP: signing in, connecting an account by OAuth and another by
// a key, a token that ends, kill -9, a consent that is taken back, the end. Real: the server as a process on
// its embedded drivers, the sandbox of authorisation servers. Markers stand for every secret there is: at the
// end they are looked for wherever something is written or answered.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SANDBOX_CLIENT } from '#adapters/kit/oauth-sandbox/options.ts';
import { type OAuthSandbox, startOAuthSandbox } from '#adapters/kit/oauth-sandbox/server.ts';
import { Product, type Serving } from './product.ts';
import { type ProviderHost, startProviderHost } from './provider-host.ts';

const API_TOKEN = 'marker-api-token-of-the-installation';
const SHOP_KEY = 'marker-api-key-of-the-shop';
const SHOP_SECRET = 'marker-signing-secret-of-the-shop';

let stack: AsyncDisposableStack;
let product: Product;
let serving: Serving;
let sandbox: OAuthSandbox;
let host: ProviderHost;
let cookie = '';
let csrf = '';
let zoho = '';
/** What was shown once, and must be nowhere afterwards. */
const markers = [API_TOKEN, SHOP_KEY, SHOP_SECRET, SANDBOX_CLIENT.clientSecret];
/** Everything the API has answered, but for what shows a secret once. */
const answers: string[] = [];

const serve = () =>
  product.serve({
    TRIBUTARY_API_TOKEN: API_TOKEN,
    TRIBUTARY_OAUTH_SANDBOX_URL: sandbox.url,
  });

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  host = stack.adopt(await startProviderHost(SHOP_KEY), (one) => one.close());
  sandbox = stack.adopt(await startOAuthSandbox({ apiUrl: host.url }), (one) => one.close());
  host.authority = sandbox.url;
  product = await Product.inNewFolder(stack);
  serving = await serve();
}, 60_000);
afterAll(() => stack.disposeAsync());

interface Options {
  readonly body?: object;
  readonly browser?: boolean;
  /** The answer shows a secret, this once. */
  readonly shows?: boolean;
}

async function call(method: string, path: string, { body, browser, shows }: Options = {}) {
  const response = await fetch(serving.url + path, {
    method,
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      'x-org-id': 'platform',
      ...(browser ? { cookie, 'x-csrf-token': csrf } : { authorization: `Bearer ${API_TOKEN}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!shows) answers.push(text);
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
}

const stats = () => sandbox.stats('zoho');
const check = () => call('POST', `/v1/connections/${zoho}/health/check`);

async function connectZoho({
  connectionId,
  name = 'sales',
}: {
  connectionId?: string;
  name?: string;
} = {}) {
  const draft = connectionId
    ? { connection_id: connectionId }
    : { provider: 'zoho', name, settings: { watch_modules: [] } };
  const started = await call('POST', '/v1/oauth/authorizations', { browser: true, body: draft });
  expect(started.status, JSON.stringify(started.body)).toBe(201);
  const back = new URL(await sandbox.visit(started.body.authorization_url));
  return call('GET', back.pathname + back.search, { browser: true });
}

describe('an administrator', () => {
  it('signs in by the link that the start prints, once', async () => {
    const line = serving.output.find((one) => one.includes('/sign-in?link='));
    const link = line?.match(/http\S+/)?.[0] ?? '';
    const signedIn = await fetch(link, { redirect: 'manual' });
    expect(signedIn.status).toBe(303);
    const set = signedIn.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/^tributary_session=[^;]+;.*HttpOnly.*SameSite=Lax/);
    cookie = set.split(';')[0] ?? '';
    markers.push(cookie.split('=')[1] ?? '');
    const session = await call('GET', '/v1/session', { browser: true, shows: true });
    expect(session.body).toMatchObject({ role: 'owner', org_id: null });
    csrf = session.body.csrf_token;
    expect((await fetch(link, { redirect: 'manual' })).status).toBe(401);
  });

  it('stores the app at the provider, and connects an account by consent', async () => {
    const { clientId: client_id, clientSecret: client_secret } = SANDBOX_CLIENT;
    const stored = await call('PUT', '/v1/oauth/clients/zoho', {
      body: { client_id, client_secret },
    });
    expect(stored.status, JSON.stringify(stored.body)).toBe(200);
    const connected = await connectZoho();
    expect(connected.status, JSON.stringify(connected.body)).toBe(200);
    zoho = connected.body.connection_id;
    const shown = await call('GET', `/v1/connections/${zoho}`);
    expect(shown.body).toMatchObject({
      status: 'active',
      account_id: '4150868',
      account_name: 'Acme of Zoho',
    });
    const twice = await connectZoho({ name: 'the same account' });
    expect(twice.body).toMatchObject({ code: 'account_connected' });
  });

  it('connects another account by a key, which is tried first', async () => {
    const definition = {
      title: 'Shop',
      verification: [{ scheme: 'hmac', signature: { from: 'header', name: 'X-Signature' } }],
      extract: { eventType: '/type', entity: { id: '/id' } },
    };
    const api = { base_url: `${host.url}/shop`, health_path: '/ok' };
    const draft = {
      ...{ provider: 'custom', name: 'shop', secret: SHOP_SECRET, settings: { definition, api } },
    };
    const credential = (api_key: string) => ({ kind: 'api_key', api_key });
    const wrong = await call('POST', '/v1/connections', {
      body: { ...draft, credential: credential('marker-api-key-that-is-wrong') },
    });
    expect(wrong.body).toMatchObject({ code: 'credentials_refused' });
    const made = await call('POST', '/v1/connections', {
      body: { ...draft, credential: credential(SHOP_KEY) },
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const checked = await call('POST', `/v1/connections/${made.body.id}/health/check`);
    expect(checked.body).toMatchObject({ outcome: 'ok' });
  });

  it('makes a key for a program, which sees what it may', async () => {
    const body = { name: 'reader', scopes: ['connections:read'] };
    const { body: made } = await call('POST', '/v1/api-keys', { body, shows: true });
    markers.push(made.key);
    const as = { authorization: `Bearer ${made.key}`, 'x-org-id': 'platform' };
    const read = await fetch(`${serving.url}/v1/connections`, { headers: as });
    expect(read.status).toBe(200);
    expect((await fetch(`${serving.url}/v1/events`, { headers: as })).status).toBe(403);
  });

  it('has tokens refreshed once when they have ended, also after kill -9', async () => {
    await serving.kill();
    serving = await serve();
    sandbox.expireAccessTokens();
    const before = stats().refresh_calls;
    const checks = await Promise.all(Array.from({ length: 5 }, check));
    expect(checks.some(({ body }) => body.outcome === 'ok')).toBe(true);
    expect(stats().refresh_calls - before).toBe(1);
    expect((await call('GET', '/v1/session', { browser: true, shows: true })).status).toBe(200);
  });

  it('disconnects the account, whose token is revoked, and connects it again as it was', async () => {
    const before = stats().revoked;
    const gone = await call('POST', `/v1/connections/${zoho}/disconnect`);
    expect(gone.body).toMatchObject({ status: 'inactive', status_reason: 'disconnected' });
    expect(gone.body.notes).toEqual([]);
    expect(stats().revoked).toBe(before + 1);
    expect((await check()).status).not.toBe(500);
    const again = await connectZoho({ connectionId: zoho });
    expect(again.body).toMatchObject({ connection_id: zoho });
    const shown = await call('GET', `/v1/connections/${zoho}`);
    expect(shown.body).toMatchObject({ status: 'active', disconnected_at: null });
  });

  it('deletes it, and reads who did what', async () => {
    const gone = await call('DELETE', `/v1/connections/${zoho}`);
    expect(gone.body).toMatchObject({ id: zoho, notes: [] });
    const log = await call('GET', `/v1/audit-log?subject_id=${zoho}`);
    const actions = log.body.entries.map(({ action }: { action: string }) => action);
    expect(actions.toReversed()).toEqual([
      'connection.created',
      'connection.disconnected',
      'connection.authenticated',
      'connection.disconnected',
      'connection.deleted',
    ]);
  });
});

/** Every file of a folder, with what it holds. */
async function filesOf(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }): Promise<[string, string]> => {
        const path = join(parentPath, name);
        return [path, await readFile(path, 'latin1')];
      }),
  );
}

describe('no secret', () => {
  /** Access and refresh tokens, codes and app secrets of the sandbox all begin so. */
  const OF_SANDBOX = /sbx(?:at|rt|code|secret)/;
  const secretsIn = (text: string) => [
    ...markers.filter((marker) => marker !== '' && text.includes(marker)),
    ...(OF_SANDBOX.exec(text) ?? []),
  ];

  it('is in any answer, on any page of metrics, or in what the server printed', async () => {
    const document = await call('GET', '/openapi.json');
    const lists = Object.entries(document.body.paths as Record<string, Record<string, unknown>>)
      .filter(
        ([path, methods]) => 'get' in methods && !path.includes('{') && path.startsWith('/v1/'),
      )
      .map(([path]) => path)
      .filter((path) => path !== '/v1/events/stream');
    expect(lists.length).toBeGreaterThan(15);
    for (const path of [...lists, '/metrics', '/readyz']) await call('GET', path);
    expect(answers.flatMap(secretsIn)).toEqual([]);
    const printed = serving.output.join('\n');
    expect(printed).toContain('"msg":"Ready"');
    expect(secretsIn(printed)).toEqual([]);
  });

  it('is in a file of the data folder, also after kill -9', async () => {
    await serving.kill();
    const files = await filesOf(join(product.dir, 'data'));
    expect(files.length).toBeGreaterThan(100);
    // The search finds what is there: names of connections are no secret.
    expect(files.some(([, text]) => text.includes('Acme of Zoho'))).toBe(true);
    expect(files.flatMap(([path, text]) => secretsIn(text).map((one) => [path, one]))).toEqual([]);
  });
});
