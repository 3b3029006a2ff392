// The authorisation servers by HTTP, without the product's client. Real: HTTP on loopback. The clock is
// the test's.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sandboxAddress } from './address.ts';
import { SANDBOX_CLIENT } from './options.ts';
import { type OAuthSandbox, startOAuthSandbox } from './server.ts';

const CALLBACK = 'http://127.0.0.1:9/oauth/callback/x';
const SALESFORCE = 'https://login.salesforce.com/services/oauth2';
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const { clientId, clientSecret } = SANDBOX_CLIENT;

let now = 0;
let sandbox: OAuthSandbox;
beforeAll(async () => {
  sandbox = await startOAuthSandbox({ nowMs: () => now });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  now = Date.now();
  sandbox.consent({});
});

const at = (provider: string, address: string) => sandboxAddress(sandbox.url, provider, address);

function authorizationUrl(scope = 'api refresh_token', more: Record<string, string> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    state: 'st',
    scope,
    ...more,
  };
  return `${at('salesforce', `${SALESFORCE}/authorize`)}?${new URLSearchParams(parameters)}`;
}

async function post(url: string, parameters: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(parameters) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const token = (parameters: Record<string, string>) =>
  post(at('salesforce', `${SALESFORCE}/token`), {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: CALLBACK,
    ...parameters,
  });
const redeem = (callback: string, more: Record<string, string> = {}) =>
  token({
    grant_type: 'authorization_code',
    code: new URL(callback).searchParams.get('code') ?? '',
    ...more,
  });
const refresh = (refreshToken: string) =>
  token({ grant_type: 'refresh_token', refresh_token: refreshToken });
const whoami = (accessToken: string) =>
  fetch(`${sandbox.url}/sandbox/whoami`, { headers: { authorization: `Bearer ${accessToken}` } });

describe('the consent page', () => {
  it('asks, escaped, and takes the answer of its form', async () => {
    const page = await fetch(authorizationUrl('api <b>'), { redirect: 'manual' });
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('value="api" checked');
    expect(html).not.toContain('<b>');
  });

  it.each([
    ['all is allowed', { decision: 'allow' }, { scope: 'api refresh_token' }],
    ['one scope is', { decision: 'allow', scopes: ['api'] }, { scope: 'api' }],
  ] as const)('when %s', async (_name, consent, expected) => {
    const callback = await sandbox.visit(authorizationUrl(), consent as object);
    expect(new URL(callback).searchParams.get('state')).toBe('st');
    const answer = await redeem(callback);
    expect(answer).toMatchObject({ status: 200, body: expected });
    expect(answer.body.refresh_token !== undefined).toBe(expected.scope.includes('refresh'));
    expect(answer.body).not.toHaveProperty('expires_in');
  });

  it('when it is denied', async () => {
    sandbox.consent({ decision: 'deny' });
    const { headers } = await fetch(authorizationUrl(), { redirect: 'manual' });
    const target = new URL(headers.get('location') ?? '');
    expect(target.searchParams.get('error')).toBe('access_denied');
    expect(target.searchParams.has('code')).toBe(false);
  });

  it('sends nothing to an address that is not of the app', async () => {
    const strict = await startOAuthSandbox({
      clients: [{ ...SANDBOX_CLIENT, redirectUris: [CALLBACK] }],
    });
    const url = authorizationUrl('api', { redirect_uri: `${CALLBACK}/` });
    await expect(strict.visit(url.replace(sandbox.url, strict.url))).rejects.toThrow('400');
    await strict.close();
  });
});

describe('codes', () => {
  it('work once, and a second use ends what came of the first', async () => {
    const callback = await sandbox.visit(authorizationUrl());
    const { body } = await redeem(callback);
    expect((await whoami(body.access_token)).status).toBe(200);
    expect(await redeem(callback)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await whoami(body.access_token)).status).toBe(401);
    expect((await refresh(body.refresh_token)).status).toBe(400);
  });

  it.each([
    ['the verifier is missing', {}, 'invalid_grant'],
    ['the verifier is another one', { code_verifier: 'w'.repeat(43) }, 'invalid_request'],
    [
      'the address is another one',
      { code_verifier: VERIFIER, redirect_uri: `${CALLBACK}y` },
      'invalid_grant',
    ],
    ['the secret is wrong', { code_verifier: VERIFIER, client_secret: 'x' }, 'invalid_client'],
  ])('are refused when %s', async (_name, more, error) => {
    const challenge = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
    const callback = await sandbox.visit(authorizationUrl('api', challenge));
    expect(await redeem(callback, more as Record<string, string>)).toMatchObject({
      status: 400,
      body: { error },
    });
    expect((await redeem(callback, { code_verifier: VERIFIER })).status).toBe(200);
  });

  it('run out', async () => {
    const callback = await sandbox.visit(authorizationUrl());
    now += 15 * 60_000 + 1;
    expect((await redeem(callback)).status).toBe(400);
  });
});

describe('refresh tokens', () => {
  it('are spent by one use, and using one again ends the grant', async () => {
    const first = sandbox.grant({ provider: 'salesforce', scopes: ['api'] });
    const { body } = await refresh(String(first.refresh_token));
    expect(body.refresh_token).not.toBe(first.refresh_token);
    expect((await whoami(body.access_token)).status).toBe(200);
    expect((await refresh(String(first.refresh_token))).status).toBe(400);
    expect((await refresh(body.refresh_token)).status).toBe(400);
    expect((await whoami(body.access_token)).status).toBe(401);
  });

  it('are rotated also when the answer is lost', async () => {
    const first = sandbox.grant({ provider: 'linear' });
    const before = sandbox.stats('linear');
    sandbox.fault({ kind: 'drop_answer', on: 'refresh' });
    const call = () =>
      post(at('linear', 'https://api.linear.app/oauth/token'), {
        grant_type: 'refresh_token',
        refresh_token: String(first.refresh_token),
        client_id: clientId,
        client_secret: clientSecret,
      });
    await expect(call()).rejects.toThrow('fetch failed');
    expect(await call()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const { refresh_calls, refreshed, refresh_tokens_reused } = sandbox.stats('linear');
    expect(refresh_calls - before.refresh_calls).toBe(2);
    expect(refreshed - before.refreshed).toBe(1);
    expect(refresh_tokens_reused - before.refresh_tokens_reused).toBe(1);
  });

  it('are refreshed one at a time at Salesforce', async () => {
    const first = sandbox.grant({ provider: 'salesforce' });
    sandbox.fault({ kind: 'slow', on: 'refresh', times: 2, delay_ms: 50 });
    const answers = await Promise.all([1, 2].map(() => refresh(String(first.refresh_token))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    const refused = answers.find(({ status }) => status === 400);
    expect(refused?.body.error_description).toContain('already being processed');
  });
});

describe('access tokens', () => {
  it('run out by their time, and when told', async () => {
    const first = sandbox.grant({ provider: 'google' });
    expect((await whoami(String(first.access_token))).status).toBe(200);
    now += 3_600_000;
    expect((await whoami(String(first.access_token))).status).toBe(401);
    const second = sandbox.grant({ provider: 'clickup' });
    await fetch(`${sandbox.url}/sandbox/expire`, { method: 'POST' });
    expect((await whoami(String(second.access_token))).status).toBe(401);
  });
});

describe('the control addresses', () => {
  const control = (path: string, body: string) =>
    fetch(`${sandbox.url}/sandbox/${path}`, { method: 'POST', body });

  it('give grants, and take faults and consents', async () => {
    const granted = await control('grants', '{"provider":"zoho","location":"eu"}');
    expect([granted.status, await granted.json()]).toMatchObject([
      201,
      { api_domain: 'https://www.zohoapis.eu' },
    ]);
    expect((await control('faults', '{"kind":"slow","on":"revocation"}')).status).toBe(204);
    expect((await control('consent', '{"decision":"allow"}')).status).toBe(204);
    const stats = await fetch(`${sandbox.url}/sandbox/stats?provider=zoho`);
    expect(await stats.json()).toMatchObject({ live_grants: 1 });
  });

  it.each([
    ['faults', '{"kind":"sulk"}', 400],
    ['consent', 'yes', 400],
    ['grants', '{"provider":"nobody"}', 400],
    ['grants', `"${'x'.repeat(70_000)}"`, 413],
    ['nothing', '{}', 404],
  ])('refuse %s %s', async (path, body, status) => {
    expect((await control(path, body)).status).toBe(status);
  });
});
