// The protocol against the sandbox's authorisation servers. Real: HTTP on loopback, the library, the
// providers' data. The sandbox is written from the notes on the providers, not from that data.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SANDBOX_CLIENT } from '#adapters/kit/oauth-sandbox/options.ts';
import { type OAuthSandbox, startOAuthSandbox } from '#adapters/kit/oauth-sandbox/server.ts';
import type { Credential } from '#adapters/kit/provider-api.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import { Problem } from '#schemas/problem.ts';
import { authorizationUrl, exchangeCode } from './authorize.ts';
import type { OAuthClient } from './oauth-client.ts';
import { makeObtain, makeRefresh, makeRevoke } from './protocol.ts';
import { findProvider } from './provider-settings.ts';
import type { OAuthDeps } from './request.ts';
import { missingScopes, requestedScopes } from './scopes.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const CLIENT: OAuthClient = { ...SANDBOX_CLIENT, privateKey };
const NOW = Date.UTC(2026, 10, 20, 12);
const VERIFIER = 'a-verifier-of-forty-three-characters-or-more';

let sandbox: OAuthSandbox;
let deps: OAuthDeps;
beforeAll(async () => {
  sandbox = await startOAuthSandbox({
    clients: [{ ...SANDBOX_CLIENT, publicKey }],
    nowMs: () => NOW,
  });
  deps = {
    providers: oauthProviders(),
    sandboxUrl: sandbox.url,
    nowMs: () => NOW,
    timeoutMs: 2_000,
  };
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.consent({}));

interface Flow {
  readonly settings?: Record<string, unknown>;
  readonly wanted?: readonly string[];
  readonly visit?: Parameters<OAuthSandbox['visit']>[1];
  readonly client?: OAuthClient;
  /** Changes the callback before it is used. */
  readonly tamper?: (callback: URL) => void;
}

const redirectUri = (name: string) => `http://127.0.0.1:8080/oauth/callback/${name}`;

async function start(name: string, { settings = {}, wanted = [] }: Flow = {}) {
  const provider = findProvider(deps.providers, name);
  const scopes = requestedScopes(provider, wanted);
  const state = `state-of-${name}`;
  const common = { provider, settings, redirectUri: redirectUri(name), state, scopes };
  const options = { ...common, verifier: VERIFIER };
  const url = await authorizationUrl(deps, { ...options, clientId: CLIENT.clientId });
  return { options, url };
}

async function connect(name: string, flow: Flow = {}): Promise<Credential> {
  const { options, url } = await start(name, flow);
  const callback = new URL(await sandbox.visit(url, flow.visit));
  flow.tamper?.(callback);
  const client = flow.client ?? CLIENT;
  return exchangeCode(deps, { ...options, client, callback: callback.searchParams });
}

async function whoami({ token }: Credential): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${sandbox.url}/sandbox/whoami`, { headers })).status;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (error: unknown) => (error instanceof Problem ? error.code : `untyped: ${error}`),
  );

interface Case {
  readonly name: string;
  readonly wanted?: readonly string[];
  /** Seconds until expiry; undefined for tokens that do not expire. */
  readonly lifetime: number | undefined;
  readonly refresh: 'none' | 'same' | 'other';
  /** Whether the refresh token before stays good. */
  readonly oldStaysGood?: boolean;
  readonly facts: Record<string, string>;
  readonly revocation: 'revoked' | 'not_supported';
}

const CASES: readonly Case[] = [
  {
    name: 'salesforce',
    lifetime: 7_200,
    refresh: 'other',
    facts: {
      instance_url: 'https://acme.my.salesforce.com',
      organization_id: '00D5g000004ABCDEA4',
    },
    revocation: 'revoked',
  },
  {
    name: 'hubspot',
    wanted: ['crm.objects.owners.read'],
    lifetime: 1_800,
    refresh: 'same',
    oldStaysGood: true,
    facts: { hub_id: '62515' },
    revocation: 'revoked',
  },
  {
    name: 'zoho',
    wanted: ['ZohoCRM.coql.READ'],
    lifetime: 3_600,
    refresh: 'same',
    oldStaysGood: true,
    facts: {
      accounts_server: 'https://accounts.zoho.com',
      api_domain: 'https://www.zohoapis.com',
    },
    revocation: 'revoked',
  },
  {
    name: 'google',
    wanted: ['https://www.googleapis.com/auth/gmail.metadata'],
    lifetime: 3_599,
    refresh: 'same',
    oldStaysGood: true,
    facts: {},
    revocation: 'revoked',
  },
  {
    name: 'microsoft',
    wanted: ['Mail.Read', 'Calendars.Read'],
    lifetime: 4_200,
    refresh: 'other',
    oldStaysGood: true,
    facts: {},
    revocation: 'not_supported',
  },
  {
    name: 'slack',
    wanted: ['im:history'],
    lifetime: 43_200,
    refresh: 'other',
    facts: { team_id: 'T0123456789', team_name: 'Acme', bot_user_id: 'U0123456789' },
    revocation: 'revoked',
  },
  {
    name: 'notion',
    lifetime: undefined,
    refresh: 'other',
    facts: {
      workspace_id: '13950b26-0000-4000-8000-000000000002',
      workspace_name: 'Acme',
      bot_id: 'b0000000-0000-4000-8000-000000000001',
    },
    revocation: 'revoked',
  },
  {
    name: 'asana',
    wanted: ['webhooks:write'],
    lifetime: 3_600,
    refresh: 'same',
    oldStaysGood: true,
    facts: { user_gid: '1201234567890123', user_name: 'Ana' },
    revocation: 'revoked',
  },
  {
    name: 'clickup',
    lifetime: undefined,
    refresh: 'none',
    facts: {},
    revocation: 'not_supported',
  },
  {
    name: 'linear',
    wanted: ['admin'],
    lifetime: 86_399,
    refresh: 'other',
    facts: {},
    revocation: 'revoked',
  },
];

const expiresAt = (lifetime: number | undefined) =>
  lifetime === undefined ? undefined : new Date(NOW + lifetime * 1_000).toISOString();

describe('every provider', () => {
  it('is in the table', () => {
    expect(CASES.map(({ name }) => name)).toEqual([...oauthProviders().keys()]);
  });

  it.each(CASES)('$name: consent, refresh, revocation', async (one) => {
    const { name, wanted = [] } = one;
    const provider = findProvider(deps.providers, name);
    const first = await connect(name, { wanted });
    expect(first).toMatchObject({ kind: 'oauth2', facts: one.facts });
    expect(first.expiresAt).toBe(expiresAt(one.lifetime));
    const asked = requestedScopes(provider, wanted);
    expect([...first.scopes].sort()).toEqual([...asked].sort());
    expect(await whoami(first)).toBe(200);

    const refresh = makeRefresh(deps);
    let last = first;
    if (one.refresh === 'none') {
      expect(first.refreshToken).toBeUndefined();
      expect(await codeOf(refresh(name, {}, first, CLIENT))).toBe('credentials_refused');
    } else {
      last = await refresh(name, {}, first, CLIENT);
      expect(last.token).not.toBe(first.token);
      expect(last.refreshToken === first.refreshToken).toBe(one.refresh === 'same');
      expect(last).toMatchObject({ kind: 'oauth2', facts: first.facts });
      expect(last.expiresAt).toBe(expiresAt(one.lifetime));
      expect([...last.scopes].sort()).toEqual([...asked].sort());
      expect(await whoami(last)).toBe(200);
    }
    const revoke = makeRevoke(deps);
    expect(await revoke(name, {}, last, CLIENT)).toBe(one.revocation);
    expect(await whoami(last)).toBe(one.revocation === 'revoked' ? 401 : 200);
    // It is gone already.
    expect(await revoke(name, {}, last, CLIENT)).toBe(one.revocation);
  });

  it.each(CASES.filter(({ refresh }) => refresh !== 'none'))(
    '$name: a used refresh token is good again: $oldStaysGood',
    async ({ name, oldStaysGood = false }) => {
      const refresh = makeRefresh(deps);
      const first = await connect(name);
      await refresh(name, {}, first, CLIENT);
      const outcome = await codeOf(refresh(name, {}, first, CLIENT));
      expect(outcome).toBe(oldStaysGood ? 'nothing' : 'credentials_refused');
    },
  );

  it.each(CASES)('$name: a code is taken once', async ({ name }) => {
    const { options, url } = await start(name);
    const callback = new URL(await sandbox.visit(url)).searchParams;
    const exchange = () => exchangeCode(deps, { ...options, client: CLIENT, callback });
    const credential = await exchange();
    expect(await codeOf(exchange())).toBe('oauth_code_refused');
    expect(await whoami(credential)).toBe(401);
  });

  it.each(CASES)('$name: a wrong secret is told apart', async ({ name }) => {
    const client = { ...CLIENT, clientSecret: 'another' };
    expect(await codeOf(connect(name, { client }))).toBe('credentials_refused');
    const error = await connect(name, { client }).catch((caught: Problem) => caught);
    expect(String((error as Problem).message)).toContain('id and secret');
  });

  it.each(CASES)('$name: consent may be denied', async ({ name }) => {
    const visit = { decision: 'deny' } as const;
    expect(await codeOf(connect(name, { visit }))).toBe('oauth_denied');
  });
});

describe('scopes', () => {
  it.each([
    ['salesforce', ['api'], [], ['refresh_token', 'id']],
    ['salesforce', ['full', 'refresh_token'], [], []],
    ['hubspot', ['oauth'], [], ['crm.objects.contacts.read', 'crm.objects.companies.read']],
    ['microsoft', ['offline_access', 'User.Read'], ['Mail.Read'], []],
    ['slack', ['channels:read', 'users:read'], ['im:history'], ['channels:history']],
  ] as const)('%s: %j granted', async (name, allowed, wanted, expected) => {
    const provider = findProvider(deps.providers, name);
    const asked = requestedScopes(provider, wanted);
    // The sandbox grants what it was asked for; other names are granted by asking for them.
    const { options, url } = await start(name, { wanted });
    const address = new URL(url);
    for (const scope of allowed.filter((one) => !asked.includes(one))) {
      address.searchParams.set('scope', `${address.searchParams.get('scope')} ${scope}`);
    }
    const callback = new URL(await sandbox.visit(address.href, { scopes: [...allowed] }));
    const { searchParams } = callback;
    const credential = await exchangeCode(deps, {
      ...options,
      client: CLIENT,
      callback: searchParams,
    });
    const { missing, missingRequired } = missingScopes(provider, asked, credential.scopes);
    expect(missingRequired).toEqual(expect.arrayContaining([...expected]));
    if (expected.length === 0) expect(missingRequired).toEqual([]);
    expect(missing).toEqual(expect.arrayContaining([...wanted]));
  });

  it('that are none of the provider are not asked for', () => {
    const provider = findProvider(deps.providers, 'linear');
    expect(() => requestedScopes(provider, ['root'])).toThrow('no scope root');
  });
});

describe('addresses', () => {
  it.each([
    ['salesforce', {}, 'login.salesforce.com/services/oauth2/authorize'],
    ['salesforce', { login_url: 'https://test.salesforce.com/' }, 'test.salesforce.com/'],
    [
      'salesforce',
      { login_url: 'https://acme--uat.sandbox.my.salesforce.com' },
      'acme--uat.sandbox.my.salesforce.com/',
    ],
    ['zoho', { data_center: 'eu' }, 'accounts.zoho.com/oauth/v2/auth'],
    ['zoho', { data_center: 'cn' }, 'accounts.zoho.com.cn/oauth/v2/auth'],
    ['microsoft', { directory: 'acme.example.com' }, 'login.microsoftonline.com/acme.example.com/'],
  ])('%s %j', async (name, settings, expected) => {
    const { url } = await start(name, { settings });
    expect(url.slice(`${sandbox.url}/${name}/`.length)).toMatch(
      new RegExp(`^${expected.replaceAll('.', '\\.')}`),
    );
  });

  it.each([
    ['salesforce', { login_url: 'https://evil.example.com' }],
    ['salesforce', { login_url: 'https://login.salesforce.com.evil.example.com' }],
    ['salesforce', { login_url: 'http://127.0.0.1:1' }],
    ['salesforce', { login_url: 'https://login.salesforce.com/@evil.example.com' }],
    ['salesforce', { login_url: 'https://evil.example.com#.my.salesforce.com' }],
    ['zoho', { data_center: 'mars' }],
    ['microsoft', { directory: '../evil' }],
    ['microsoft', { directory: 'a/b' }],
  ])('%s refuses %j', async (name, settings) => {
    expect(await codeOf(start(name, { settings }))).toBe('invalid_settings');
  });

  it('without a sandbox are those of the providers, by https', async () => {
    const real = { ...deps, sandboxUrl: undefined };
    for (const provider of deps.providers.values()) {
      const url = await authorizationUrl(real, {
        provider,
        settings: {},
        clientId: 'id',
        redirectUri: 'https://x.example.com',
        state: 's',
        verifier: VERIFIER,
        scopes: requestedScopes(provider, []),
      });
      expect(url).toMatch(/^https:\/\//);
    }
  });
});

describe("Zoho's regions", () => {
  it('are where the code is redeemed, and every refresh and revocation after it', async () => {
    const credential = await connect('zoho', { visit: { location: 'eu' } });
    expect(credential.facts).toEqual({
      accounts_server: 'https://accounts.zoho.eu',
      api_domain: 'https://www.zohoapis.eu',
    });
    const next = await makeRefresh(deps)('zoho', { data_center: 'us' }, credential, CLIENT);
    expect(next.facts).toEqual(credential.facts);
    expect(await makeRevoke(deps)('zoho', {}, next, CLIENT)).toBe('revoked');
  });

  it.each([
    'https://accounts.zoho.evil.example.com',
    'http://accounts.zoho.eu',
    'https://accounts.zoho.eu:444',
    '',
  ])('are no other host: %s', async (server) => {
    const before = sandbox.stats('zoho').code_calls;
    const tamper = (callback: URL) => callback.searchParams.set('accounts-server', server);
    expect(await codeOf(connect('zoho', { tamper }))).toBe('oauth_state_invalid');
    expect(sandbox.stats('zoho').code_calls).toBe(before);
  });
});

describe('callbacks', () => {
  const set = (name: string, value: string) => (callback: URL) =>
    callback.searchParams.set(name, value);

  it.each([
    ['another state', 'linear', set('state', 'other'), 'oauth_state_invalid'],
    ['no state', 'linear', (url: URL) => url.searchParams.delete('state'), 'oauth_state_invalid'],
    [
      'two codes',
      'linear',
      (url: URL) => url.searchParams.append('code', 'x'),
      'oauth_state_invalid',
    ],
    ['no code', 'linear', (url: URL) => url.searchParams.delete('code'), 'oauth_state_invalid'],
    ['another issuer', 'google', set('iss', 'https://evil.example.com'), 'oauth_state_invalid'],
    ['the issuer', 'google', set('iss', 'https://accounts.google.com'), 'nothing'],
    ['an issuer where none is known', 'linear', set('iss', 'https://linear.app/x'), 'nothing'],
    ['parameters of its own', 'slack', set('response', 'x'), 'nothing'],
    ['an unknown code', 'hubspot', set('code', 'x'), 'oauth_code_refused'],
  ])('with %s', async (_name, provider, tamper, expected) => {
    expect(await codeOf(connect(provider, { tamper }))).toBe(expected);
  });

  it.each([
    ['access_denied', 'oauth_denied'],
    ['consent_required', 'oauth_denied'],
    ['invalid_scope', 'oauth_scope_missing'],
    ['temporarily_unavailable', 'provider_unavailable'],
    ['server_error', 'provider_unavailable'],
    ['OAUTH_APPROVAL_ERROR_GENERIC', 'provider_refused'],
    ['<script>', 'provider_refused'],
  ])('with the error %s', async (error, expected) => {
    const failed = await connect('salesforce', { visit: { error } }).catch((caught) => caught);
    expect(failed.code).toBe(expected);
    expect(failed.message).not.toContain('<');
  });

  it('need the verifier of the request', async () => {
    const { options, url } = await start('microsoft');
    const callback = new URL(await sandbox.visit(url)).searchParams;
    const stolen = { ...options, verifier: 'w'.repeat(43), client: CLIENT, callback };
    expect(await codeOf(exchangeCode(deps, stolen))).toBe('oauth_code_refused');
  });
});

describe('grants without a user', () => {
  const MY_DOMAIN = { login_url: 'https://acme.my.salesforce.com' };
  const username = 'ana@example.com';

  it.each([
    ['jwt_bearer', {}, { username }],
    ['jwt_bearer', MY_DOMAIN, { username }],
    ['jwt_bearer', { login_url: 'https://acme--uat.sandbox.my.salesforce.com' }, { username }],
    ['client_credentials', MY_DOMAIN, {}],
  ] as const)('%s at %j', async (kind, settings, extra) => {
    const credential = await makeObtain(deps)(kind, 'salesforce', settings, CLIENT, extra);
    expect(credential).toMatchObject({
      kind,
      expiresAt: expiresAt(7_200),
      facts: { instance_url: 'https://acme.my.salesforce.com', ...extra },
    });
    expect(credential.refreshToken).toBeUndefined();
    const next = await makeRefresh(deps)('salesforce', settings, credential, CLIENT);
    expect(next).toMatchObject({ kind, facts: credential.facts });
    expect(await whoami(next)).toBe(200);
    expect(await makeRevoke(deps)('salesforce', settings, next, CLIENT)).toBe('revoked');
    expect(await whoami(next)).toBe(401);
  });

  const otherKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;

  it.each([
    [
      'another key',
      'jwt_bearer',
      'salesforce',
      {},
      { privateKey: otherKey },
      'credentials_refused',
    ],
    ['no key', 'jwt_bearer', 'salesforce', {}, { privateKey: undefined }, 'oauth_client_missing'],
    [
      'no secret',
      'client_credentials',
      'salesforce',
      MY_DOMAIN,
      { clientSecret: undefined },
      'oauth_client_missing',
    ],
    ['the login host', 'client_credentials', 'salesforce', {}, {}, 'invalid_settings'],
    ['a provider without it', 'client_credentials', 'linear', {}, {}, 'invalid_request'],
    ['a provider without it', 'jwt_bearer', 'hubspot', {}, {}, 'invalid_request'],
  ] as const)('refuse %s: %s', async (_name, kind, provider, settings, client, expected) => {
    const obtain = makeObtain(deps);
    const all = { ...CLIENT, ...client };
    expect(await codeOf(obtain(kind, provider, settings, all, { username }))).toBe(expected);
  });
});

describe('a provider that fails', () => {
  const FAULTS = [
    ['unavailable', 'provider_unavailable', 5, false],
    ['limited', 'provider_unavailable', 7, false],
    ['redirect', 'provider_unavailable', undefined, false],
    ['html', 'provider_unavailable', undefined, true],
    ['huge', 'provider_unavailable', undefined, true],
    ['drop_answer', 'provider_unavailable', undefined, true],
  ] as const;

  it.each(FAULTS)('at a refresh, by %s', async (kind, code, retryAfterSeconds, unknown) => {
    const credential = await connect('linear');
    sandbox.fault({ kind, on: 'refresh' });
    const error = await makeRefresh(deps)('linear', {}, credential, CLIENT).catch((one) => one);
    expect(error).toMatchObject({ code, retryAfterSeconds });
    // Whether tokens may have been given out.
    expect(error.cause !== undefined).toBe(unknown);
  });

  it.each(FAULTS)('at an exchange, by %s', async (kind, code) => {
    sandbox.fault({ kind, on: 'code' });
    expect(await codeOf(connect('hubspot'))).toBe(code);
  });

  it.each(FAULTS)('at a revocation, by %s', async (kind, code) => {
    const credential = await connect('zoho');
    sandbox.fault({ kind, on: 'revocation' });
    expect(await codeOf(makeRevoke(deps)('zoho', {}, credential, CLIENT))).toBe(code);
  });

  it.each([
    ['zoho', 600],
    ['salesforce', 1],
    ['slack', 30],
    ['google', 30],
  ])('%s says "later" in its own way', async (name, retryAfterSeconds) => {
    const credential = await connect(name);
    sandbox.fault({ kind: 'throttled', on: 'refresh' });
    const refresh = makeRefresh(deps);
    const error = await refresh(name, {}, credential, CLIENT).catch((one) => one);
    expect(error).toMatchObject({ code: 'provider_unavailable', retryAfterSeconds });
    expect((await refresh(name, {}, credential, CLIENT)).token).not.toBe(credential.token);
  });

  it('by silence is waited for as long as was said', async () => {
    const credential = await connect('google');
    sandbox.fault({ kind: 'silent', on: 'refresh', times: 2 });
    const refresh = makeRefresh({ ...deps, timeoutMs: 50 });
    const error = await refresh('google', {}, credential, CLIENT).catch((one) => one);
    expect(error.message).toContain('within 0.05 s');
    const signal = AbortSignal.timeout(20);
    const given = makeRefresh(deps)('google', {}, credential, CLIENT, signal);
    expect(await codeOf(given)).toBe('provider_unavailable');
  });

  it('by refusing the connection', async () => {
    const away = { ...deps, sandboxUrl: 'http://127.0.0.1:9' };
    const credential = await connect('asana');
    expect(await codeOf(makeRefresh(away)('asana', {}, credential, CLIENT))).toBe(
      'provider_unavailable',
    );
  });

  it('is not over for a connection when the secret of our app is wrong', async () => {
    const client = { ...CLIENT, clientSecret: 'another-secret' };
    const credential = await connect('hubspot');
    const refresh = makeRefresh(deps);
    expect(await codeOf(refresh('hubspot', {}, credential, client))).toBe('oauth_client_missing');
    expect((await refresh('hubspot', {}, credential, CLIENT)).token).not.toBe(credential.token);
  });

  it('never has a secret in what is told', async () => {
    const credential = await connect('salesforce');
    const client = { ...CLIENT, clientSecret: 'another-secret' };
    const errors: unknown[] = [];
    const note = (error: unknown) => errors.push(error);
    await makeRefresh(deps)('salesforce', {}, credential, client).catch(note);
    sandbox.fault({ kind: 'drop_answer', on: 'refresh' });
    await makeRefresh(deps)('salesforce', {}, credential, CLIENT).catch(note);
    await makeRefresh(deps)('salesforce', {}, credential, CLIENT).catch(note);
    expect(errors).toHaveLength(3);
    const seen = new Set<unknown>();
    const texts = (value: unknown): string => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return String(value);
      seen.add(value);
      return Reflect.ownKeys(value)
        .map((key) => texts(Reflect.get(value, key)))
        .join(' ');
    };
    const told = texts(errors);
    expect(told).toContain('Salesforce');
    for (const secret of [
      credential.token,
      credential.refreshToken,
      'another-secret',
      privateKey,
    ]) {
      expect(told).not.toContain(secret);
    }
    expect(told).not.toMatch(/sbx/);
  });
});
