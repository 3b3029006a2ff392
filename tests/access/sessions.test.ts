// Browsers that sign in, over HTTP. Real: Fastify, the guard, cookies, Postgres (PGlite), the local issuer.
import { hash } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import { openSigningKey } from '#platform/jwt/signing-key.ts';
import { ANYONE, manages, reads } from '#services/access/access.ts';
import { bearerAuthentication } from '#services/access/bearer.ts';
import { jwtTokens } from '#services/access/jwt.ts';
import { type LocalIssuer, openLocalIssuer } from '#services/access/local-issuer.ts';
import { principalOf } from '#services/access/principal.ts';
import { sessionRoutes } from '#services/access/session-routes.ts';
import { SessionStore } from '#services/access/session-store.ts';
import { BrowserSessions, sessionOf } from '#services/access/sessions.ts';
import { signInUrl } from '#services/access/sign-in-link.ts';
import { staticToken } from '#services/access/static-token.ts';
import { createServer } from '#services/http/server.ts';
import { temporaryFolder } from '../support/embedded-drivers.ts';

const API_TOKEN = 'a-token-for-these-tests';
const jane = { subject: 'jane', tenantId: 'acme', orgId: 'one', role: 'administrator' } as const;
const joe = { subject: 'joe', tenantId: 'rival', orgId: null, role: 'member' } as const;

let stack: AsyncDisposableStack;
let database: Database;
let keyDir: string;
let issuer: LocalIssuer;
let server: FastifyInstance;
const logLines: string[] = [];

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  database = stack.adopt(await openTestDatabase(), (one) => one.close()).db;
  keyDir = await temporaryFolder(stack);
  issuer = await openLocalIssuer(keyDir);
  server = await openServer('http://127.0.0.1:8080');
});
afterAll(() => stack.disposeAsync());

async function openServer(publicUrl: string): Promise<FastifyInstance> {
  const kinds = [staticToken(API_TOKEN, 'acme'), jwtTokens([issuer])];
  const store = new SessionStore(database);
  const app = await createServer({
    logger: pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) }),
    bodyLimitBytes: 1_024,
    operatorTenantId: 'acme',
    authenticate: bearerAuthentication(kinds),
    sessions: new BrowserSessions({ store, publicUrl: () => publicUrl }),
  });
  stack.defer(() => app.close());
  await app.register(sessionRoutes, { issuer });
  app.get('/who', { config: reads('tenant') }, async (request) => principalOf(request));
  app.post('/change', { config: manages('tenant') }, async (request) => principalOf(request));
  app.get('/callback', { config: ANYONE }, async (request) => {
    const session = await sessionOf(request);
    return { idHash: session?.idHash ?? null, actor: session?.identity.actor ?? null };
  });
  app.post('/open', { config: ANYONE }, async (request) => ({
    signedIn: (await sessionOf(request)) !== null,
  }));
  await app.ready();
  return app;
}

const call = (options: InjectOptions, app = server) => app.inject(options);

/** Signs in by a token. */
async function signIn(bearer: Parameters<LocalIssuer['issue']>[0] = jane, cookie?: string) {
  const authorization = `Bearer ${await issuer.issue(bearer, 60)}`;
  const headers = { authorization, ...(cookie !== undefined && { cookie }) };
  const answer = await call({ method: 'POST', url: '/v1/session', headers });
  expect(answer.statusCode, answer.payload).toBe(201);
  const [set] = answer.cookies as { name: string; value: string }[];
  return {
    secret: set?.value ?? '',
    cookie: `${set?.name}=${set?.value}`,
    csrf: answer.json().csrf_token as string,
    answer,
  };
}

const who = (cookie: string) => call({ url: '/who', headers: { cookie } });

describe('signing in by a token', () => {
  it('answers who it is, and sets the cookie', async () => {
    const { answer, cookie, csrf } = await signIn();
    expect(answer.json()).toEqual({
      tenant_id: 'acme',
      org_id: 'one',
      role: 'administrator',
      subject: 'jane',
      csrf_token: expect.stringMatching(/^[\w-]{43}$/),
      expires_at: expect.any(String),
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    const again = await call({ url: '/v1/session', headers: { cookie } });
    expect([again.statusCode, again.json()]).toEqual([200, answer.json()]);
    expect(again.json().csrf_token).toBe(csrf);
    const seen = await who(cookie);
    expect(seen.json()).toMatchObject({ tenantId: 'acme', orgId: 'one', actor: 'user jane' });
  });

  it('is for the token of the installation too, whatever X-Org-Id says', async () => {
    const headers = { authorization: `Bearer ${API_TOKEN}`, 'x-org-id': 'one' };
    const answer = await call({ method: 'POST', url: '/v1/session', headers });
    expect(answer.json()).toMatchObject({ org_id: null, role: 'owner', subject: 'API token' });
  });

  it.each([
    {
      name: 'http',
      publicUrl: 'http://127.0.0.1:8080',
      set: /^tributary_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/,
      cleared:
        /^tributary_session=; Max-Age=0; Path=\/; Expires=[^;]*1970[^;]*; HttpOnly; SameSite=Lax$/,
    },
    {
      name: 'https',
      publicUrl: 'https://tributary.example',
      set: /^__Host-tributary_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      cleared:
        /^__Host-tributary_session=; Max-Age=0; Path=\/; Expires=[^;]*1970[^;]*; HttpOnly; Secure; SameSite=Lax$/,
    },
  ])('sets and clears a cookie as $name needs it', async ({ publicUrl, set, cleared }) => {
    const app = await openServer(publicUrl);
    const authorization = `Bearer ${await issuer.issue(jane, 60)}`;
    const signedIn = await call(
      { method: 'POST', url: '/v1/session', headers: { authorization } },
      app,
    );
    expect(signedIn.headers['set-cookie']).toMatch(set);
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const headers = { cookie, 'x-csrf-token': signedIn.json().csrf_token };
    const signedOut = await call({ method: 'DELETE', url: '/v1/session', headers }, app);
    expect(signedOut.headers['set-cookie']).toMatch(cleared);
  });

  it('keeps nothing that somebody could sign in with', async () => {
    const { secret, cookie, csrf } = await signIn();
    await who(cookie);
    const [row] = await database.query<{ all: string }>(
      `SELECT string_agg(sessions::text, ' ') AS all FROM sessions`,
    );
    expect(row?.all).toContain(hash('sha256', secret));
    for (const text of [row?.all ?? '', logLines.join()]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(csrf);
    }
  });
});

describe('a session', () => {
  it('always begins with a secret of ours, and the one before ends', async () => {
    const planted = 'A'.repeat(43);
    const first = await signIn(jane, `tributary_session=${planted}`);
    expect(first.secret).not.toBe(planted);
    expect((await who(`tributary_session=${planted}`)).statusCode).toBe(401);
    const second = await signIn(jane, first.cookie);
    expect(second.secret).not.toBe(first.secret);
    expect((await who(first.cookie)).statusCode).toBe(401);
    expect((await who(second.cookie)).statusCode).toBe(200);
  });

  it.each([
    { name: 'its end', change: `expires_at = now() - interval '1 second'` },
    { name: 'two idle hours', change: `last_seen_at = now() - interval '121 minutes'` },
  ])('is nobody’s after $name', async ({ change }) => {
    const { cookie, secret } = await signIn();
    await database.query(`UPDATE sessions SET ${change} WHERE id_hash = $1`, [
      hash('sha256', secret),
    ]);
    const answer = await who(cookie);
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'not_authenticated']);
  });

  it('ends when it is signed out, and no other with it', async () => {
    const mine = await signIn();
    const other = await signIn();
    const headers = { cookie: mine.cookie, 'x-csrf-token': mine.csrf };
    const answer = await call({ method: 'DELETE', url: '/v1/session', headers });
    expect([answer.statusCode, answer.payload]).toEqual([204, '']);
    expect((await who(mine.cookie)).statusCode).toBe(401);
    expect((await who(other.cookie)).statusCode).toBe(200);
  });

  it('does not prolong itself', async () => {
    const { cookie, csrf } = await signIn();
    const headers = { cookie, 'x-csrf-token': csrf };
    const answer = await call({ method: 'POST', url: '/v1/session', headers });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'not_authenticated']);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each(['GET', 'DELETE'] as const)('is asked for in vain by a token: %s', async (method) => {
    const { cookie } = await signIn();
    const authorization = `Bearer ${API_TOKEN}`;
    const answer = await call({ method, url: '/v1/session', headers: { authorization, cookie } });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'session_required']);
    expect((await who(cookie)).statusCode).toBe(200);
  });

  it('counts for nothing beside a header, be that good or bad', async () => {
    const { cookie } = await signIn();
    const good = { cookie, authorization: `Bearer ${await issuer.issue(joe, 60)}` };
    expect((await call({ url: '/who', headers: good })).json()).toMatchObject({
      tenantId: 'rival',
    });
    for (const authorization of ['Bearer wrong', 'Basic x', '']) {
      const answer = await call({ url: '/who', headers: { cookie, authorization } });
      expect([authorization, answer.statusCode]).toEqual([authorization, 401]);
    }
    // No cookie is at work, so no page of ours has to be either.
    const token = { cookie, authorization: `Bearer ${await issuer.issue(jane, 60)}` };
    expect((await call({ method: 'POST', url: '/change', headers: token })).statusCode).toBe(200);
  });

  it.each(['', 'x', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, "' OR true --"])(
    'is not found by the cookie "%s"',
    async (value) => {
      const answer = await who(`tributary_session=${value}`);
      expect(answer.statusCode).toBe(401);
    },
  );

  it('can be asked for where anyone may call, unless the request comes from elsewhere', async () => {
    const { cookie, secret, csrf } = await signIn();
    const idHash = hash('sha256', secret);
    const callback = (headers: Record<string, string>) => call({ url: '/callback', headers });
    expect((await callback({ cookie })).json()).toEqual({ idHash, actor: 'user jane' });
    expect((await callback({})).json()).toEqual({ idHash: null, actor: null });
    const authorization = `Bearer ${API_TOKEN}`;
    expect((await callback({ cookie, authorization })).json()).toMatchObject({ idHash: null });
    const forged = await call({ method: 'POST', url: '/open', headers: { cookie } });
    expect(forged.json()).toMatchObject({ code: 'csrf_refused' });
    const headers = { cookie, 'x-csrf-token': csrf };
    const own = await call({ method: 'POST', url: '/open', headers });
    expect(own.json()).toEqual({ signedIn: true });
  });
});

describe('a change by a session', () => {
  it.each([
    { name: 'no token', headers: {} },
    { name: 'a wrong token', headers: { 'x-csrf-token': 'wrong' } },
    { name: 'another session’s token', headers: 'other' },
    { name: 'another origin', headers: { origin: 'https://evil.example' }, withToken: true },
    { name: 'another site', headers: { 'sec-fetch-site': 'cross-site' }, withToken: true },
  ] as const)('is refused with $name', async ({ headers, ...rest }) => {
    const { cookie, csrf } = await signIn();
    const given = headers === 'other' ? { 'x-csrf-token': (await signIn()).csrf } : headers;
    const token = 'withToken' in rest ? { 'x-csrf-token': csrf } : {};
    const answer = await call({
      method: 'POST',
      url: '/change',
      headers: { cookie, ...token, ...given },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'csrf_refused']);
  });

  it('is made with the token, by who may', async () => {
    const { cookie, csrf } = await signIn();
    const origin = 'http://127.0.0.1:8080';
    const headers = { cookie, origin, 'x-csrf-token': csrf, 'sec-fetch-site': 'same-origin' };
    const answer = await call({ method: 'POST', url: '/change', headers });
    expect([answer.statusCode, answer.json().actor]).toEqual([200, 'user jane']);
    const member = await signIn(joe);
    const asMember = { cookie: member.cookie, 'x-csrf-token': member.csrf };
    const refused = await call({ method: 'POST', url: '/change', headers: asMember });
    expect(refused.json()).toMatchObject({ code: 'not_permitted' });
  });
});

describe('a sign-in link', () => {
  const open = (link: string, next = '', headers: Record<string, string> = {}) =>
    call({ url: `/sign-in?link=${link}${next && `&next=${encodeURIComponent(next)}`}`, headers });
  const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000;

  it('signs in and leads to the console, or to where it says', async () => {
    for (const [next, leads] of [
      ['', '/console'],
      ['/console/connections', '/console/connections'],
      ['//evil.example', '/console'],
      ['/\\evil.example', '/console'],
      ['/..//evil.example', '/console'],
    ] as const) {
      const answer = await open(await issuer.issueLink(jane), next);
      expect([answer.statusCode, answer.headers.location]).toEqual([303, leads]);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      });
      const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
      expect((await who(cookie)).json()).toMatchObject({ actor: 'user jane', orgId: 'one' });
    }
  });

  it('is printed as an address that works', async () => {
    const url = new URL(signInUrl('http://127.0.0.1:8080', await issuer.issueLink(jane)));
    expect((await call({ url: url.pathname + url.search })).statusCode).toBe(303);
  });

  it('works once, and is not used up by looking at it', async () => {
    const link = await issuer.issueLink(jane);
    expect((await call({ method: 'HEAD', url: `/sign-in?link=${link}` })).statusCode).toBe(404);
    expect((await open(link)).statusCode).toBe(303);
    const again = await open(link);
    expect([again.statusCode, again.json().code]).toEqual([401, 'sign_in_link_invalid']);
    expect(again.headers['set-cookie']).toBeUndefined();
  });

  it('ends the session that the browser had', async () => {
    const { cookie } = await signIn();
    const answer = await open(await issuer.issueLink(joe), '', { cookie });
    expect(answer.statusCode).toBe(303);
    expect((await who(cookie)).statusCode).toBe(401);
  });

  /** What the local issuer would have to sign, and does not. */
  const signed = async (claims: object, lifetimeSeconds = 60) => {
    const key = await openSigningKey(keyDir, 'token-signing.key');
    const good = {
      iss: issuer.issuer,
      aud: 'tributary-sign-in',
      sub: 'jane',
      tenant_id: 'acme',
      role: 'owner',
      purpose: 'sign_in',
      jti: 'one',
    };
    return key.sign({ ...good, ...claims }, Date.now(), lifetimeSeconds);
  };

  it.each([
    { name: 'none', make: async () => '' },
    { name: 'no token', make: async () => 'x' },
    { name: 'too old', make: () => issuer.issueLink(jane, minutesAgo(16)) },
    { name: 'an API token', make: () => issuer.issue(jane, 60) },
    { name: 'of another audience', make: () => signed({ aud: 'tributary-tasks' }) },
    { name: 'of another issuer', make: () => signed({ iss: 'https://evil.example' }) },
    { name: 'of no purpose', make: () => signed({ purpose: undefined }) },
    { name: 'without an id', make: () => signed({ jti: undefined }) },
    { name: 'without a tenant', make: () => signed({ tenant_id: undefined }) },
    { name: 'of an organisation that is none', make: () => signed({ org_id: '' }) },
    {
      name: 'by another key',
      make: async () =>
        (await openLocalIssuer(await temporaryFolder(stack))).issueLink({ ...jane, role: 'owner' }),
    },
    {
      name: 'changed',
      make: async () => (await issuer.issueLink(jane)).replace(/\.[\w-]{9}/, '.e30eyJhIjo'),
    },
  ])('is refused when it is $name', async ({ make }) => {
    const answer = await open(await make());
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'sign_in_link_invalid']);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('would be taken from the issuer itself: those refusals are for their reasons', async () => {
    expect((await open(await signed({}))).statusCode).toBe(303);
    expect((await open(await issuer.issueLink(jane, minutesAgo(14)))).statusCode).toBe(303);
  });

  it('is no token of the API', async () => {
    const authorization = `Bearer ${await issuer.issueLink(jane)}`;
    const answer = await call({ url: '/who', headers: { authorization } });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'not_authenticated']);
  });

  it('tells a person on a page that holds nothing of the request', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    for (const link of ['<script>alert(1)</script>', await issuer.issue(jane, 60)]) {
      const answer = await open(encodeURIComponent(link), '', headers);
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none';/);
      expect(answer.payload).toContain('npx tributary sign-in');
      expect(answer.payload).not.toContain(link.slice(0, 20));
      expect(answer.payload).not.toContain('<script');
    }
    const twice = await call({ url: '/sign-in?link=a&link=b', headers });
    expect(twice.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it('is not in the log, used or refused', async () => {
    const link = await issuer.issueLink(jane);
    await open(link);
    await open(link);
    expect(logLines.join()).not.toContain(link);
  });
});
