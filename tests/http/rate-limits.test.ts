// How often the API may be called. Real: Fastify and its hooks; the clock stands still until a test moves it.
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NotAuthenticated, SignInLinkInvalid } from '#schemas/problems.ts';
import { ANYONE, manages, reads } from '#services/access/access.ts';
import { createServer } from '#services/http/server.ts';

let server: FastifyInstance;
let looked: number;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  looked = 0;
  server = await createServer({
    logger: pino({ level: 'silent' }),
    bodyLimitBytes: 1_024,
    operatorTenantId: 'acme',
    apiRateLimitPerSecond: 5,
    trustedProxies: 1,
    // The bearer token is "tenant actor"; "wrong" is none.
    authenticate: async ({ headers }) => {
      looked += 1;
      const [tenantId = '', actor] = String(headers.authorization).split(' ');
      if (!actor) throw new NotAuthenticated('Not known.');
      return { tenantId, orgId: 'one', actor, role: 'member' };
    },
  });
  server.get('/v1/things', { config: reads('org') }, async () => ({}));
  server.post('/v1/things', { config: manages('org') }, async () => ({}));
  server.get('/v1/open', { config: ANYONE }, async () => ({}));
  server.post('/v1/sign-in', { config: ANYONE }, () => {
    throw new SignInLinkInvalid('Ask for another.');
  });
  for (const url of ['/webhooks/:provider/:connection_id', '/tasks/:task', '/healthz', '/readyz'])
    server.get(url, { config: ANYONE }, async () => ({}));
});
afterEach(async () => {
  vi.useRealTimers();
  await server.close();
});

interface Call {
  readonly as?: string;
  readonly url?: string;
  readonly method?: 'GET' | 'POST';
  readonly from?: string;
}

function send({ as = 'acme jane', url = '/v1/things', method = 'GET', from = '192.0.2.1' }: Call) {
  const headers = { authorization: as, 'x-forwarded-for': from };
  return server.inject({ method, url, headers });
}

/** The statuses of so many equal calls, with how often each came. */
async function statuses(count: number, call: Call): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  for (let index = 0; index < count; index += 1) {
    const { statusCode } = await send(call);
    found[statusCode] = (found[statusCode] ?? 0) + 1;
  }
  return found;
}

describe('a credential', () => {
  it('has a burst of twice the rate, then the rate', async () => {
    expect(await statuses(15, {})).toEqual({ 200: 10, 429: 5 });
    vi.advanceTimersByTime(1_000);
    expect(await statuses(15, {})).toEqual({ 200: 5, 429: 10 });
  });

  it('is told what is left, and how long to wait', async () => {
    const first = await send({});
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"default";q=10;w=2',
      ratelimit: '"default";r=9;t=1',
    });
    await statuses(9, {});
    const refused = await send({});
    expect(refused.json()).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      ratelimit: '"default";r=0;t=2',
      'content-type': 'application/problem+json; charset=utf-8',
    });
  });

  const others = [
    { name: 'another caller', as: 'acme john' },
    { name: 'the same caller of another tenant', as: 'rival jane' },
  ];
  it.each(others)('leaves $name alone', async ({ as }) => {
    await statuses(11, {});
    expect(await statuses(1, { as })).toEqual({ 200: 1 });
  });

  it('is counted wherever it comes from, also where it is refused for its role', async () => {
    expect(await statuses(10, { method: 'POST', from: '192.0.2.7' })).toEqual({ 403: 10 });
    expect(await statuses(1, {})).toEqual({ 429: 1 });
  });
});

describe('an address that fails to authenticate', () => {
  it('is refused before its credentials are looked at', async () => {
    expect(await statuses(25, { as: 'wrong' })).toEqual({ 401: 20, 429: 5 });
    expect(looked).toBe(20);
    expect((await send({ as: 'wrong' })).headers['retry-after']).toBe('1');
    vi.advanceTimersByTime(1_000);
    expect(await statuses(25, { as: 'wrong' })).toEqual({ 401: 10, 429: 15 });
  });

  it('does not stop others, nor who was let in lately from there', async () => {
    await statuses(1, {});
    await statuses(25, { as: 'wrong' });
    expect(await statuses(1, {})).toEqual({ 200: 1 });
    expect(await statuses(1, { as: 'acme new' })).toEqual({ 429: 1 });
    expect(await statuses(1, { as: 'acme new', from: '192.0.2.2' })).toEqual({ 200: 1 });
  });

  it('is one address, whether its tokens fail or its sign-ins', async () => {
    const signIn: Call = { url: '/v1/sign-in', method: 'POST' };
    expect(await statuses(10, signIn)).toEqual({ 401: 10 });
    expect(await statuses(25, { as: 'wrong' })).toEqual({ 401: 10, 429: 15 });
    vi.advanceTimersByTime(200);
    // The route would take one more by now; the address has failed too often.
    expect(await statuses(3, { as: 'wrong' })).toEqual({ 401: 2, 429: 1 });
    expect((await send(signIn)).json().detail).toContain('could not be authenticated');
  });
});

describe('routes that ask for no token', () => {
  it('are limited by address', async () => {
    expect(await statuses(15, { url: '/v1/open' })).toEqual({ 200: 10, 429: 5 });
    expect(await statuses(1, { url: '/v1/open', from: '192.0.2.2' })).toEqual({ 200: 1 });
  });

  it('count a HEAD once', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    const answer = await server.inject({ method: 'HEAD', url: '/v1/open', headers });
    expect(answer.headers.ratelimit).toContain('r=9;');
  });

  it.each(['/webhooks/x/y', '/tasks/x', '/healthz', '/readyz'])('%s is not', async (url) => {
    expect(await statuses(40, { url })).toEqual({ 200: 40 });
    expect((await send({ url })).headers.ratelimit).toBeUndefined();
  });
});
