// Who may ask, how the server says it is well, and what it says it has; see api-app.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '#services/openapi/document-types.ts';
import { apiDocument } from '../../scripts/api-document.ts';
import { API_TOKEN, type ApiApp, openApi } from './api-app.ts';
import { operationsOf } from './operation-faults.ts';

let stack: AsyncDisposableStack;
let api: ApiApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());

/** Every route under /v1, with something in the place of its parameters. */
function apiRoutes(): { method: 'GET' | 'POST' | 'PATCH'; url: string }[] {
  return api.routes
    .filter(({ url }) => url.startsWith('/v1/'))
    .flatMap(({ method, url }) =>
      [method].flat().map((one) => ({
        method: one as 'GET' | 'POST' | 'PATCH',
        url: url
          .replace('/replays/:id', '/replays/00000000-0000-4000-8000-000000000000')
          .replaceAll(/:\w+/g, 'x'),
      })),
    );
}

/** A body each route would take, so that nothing but the token keeps the request out. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /v1/connections': { provider: 'hubspot', name: 'main', secret: 'long enough' },
  'PATCH /v1/connections/x': { status: 'active' },
  'POST /v1/api-keys': { name: 'x' },
  'POST /v1/replays': {},
  'PUT /v1/replay-predicates/x': {},
  'POST /v1/dead-letters/x/drop': { reason: 'a test' },
  'POST /v1/dead-letters/drop': { filter: {}, reason: 'a test' },
  'POST /v1/dead-letters/retry': { filter: {} },
  'POST /v1/reconcile': {},
};

const headers: { name: string; authorization?: string }[] = [
  { name: 'nothing' },
  { name: 'another token', authorization: 'Bearer a-token-for-these-test' },
  { name: 'a token and more', authorization: `Bearer ${API_TOKEN}x` },
  { name: 'the token alone', authorization: API_TOKEN },
  { name: 'no token', authorization: 'Bearer' },
  { name: 'an empty token', authorization: 'Bearer ' },
  { name: 'another scheme', authorization: `Basic ${btoa(`x:${API_TOKEN}`)}` },
];

describe('every /v1 route', () => {
  it('is looked at here', () => {
    const expected = ['connections', 'connections', 'connections/x', 'events', 'events/stream'];
    const urls = apiRoutes().filter(({ method }) => String(method) !== 'HEAD');
    expect(urls.map(({ url }) => url)).toEqual(
      expect.arrayContaining(expected.map((u) => `/v1/${u}`)),
    );
  });

  it.each(headers)('refuses a request with $name', async ({ authorization }) => {
    for (const { method, url } of apiRoutes()) {
      const body = BODIES[`${method} ${url}`];
      const answer = await api.server.inject({
        method,
        url,
        headers: authorization === undefined ? {} : { authorization },
        ...(body ? { payload: body } : {}),
      });
      expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      if (String(method) !== 'HEAD')
        expect(answer.json()).toMatchObject({ code: 'not_authenticated' });
      expect(answer.payload).not.toContain(API_TOKEN);
    }
  });

  it('takes the token, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const authorization = `${scheme} ${API_TOKEN}`;
      const answer = await api.server.inject({ url: '/v1/events', headers: { authorization } });
      expect(answer.statusCode).toBe(200);
    }
  });
});

describe('what no route serves', () => {
  const paths = [
    { url: '/nothing', status: 404, code: 'not_found' },
    { url: '/v1/events/', status: 404, code: 'not_found' },
    { url: '/v1/events/a/b', status: 404, code: 'not_found' },
    { url: '/v1/audits', status: 404, code: 'not_found' },
    { url: '/v1/events/%zz', status: 400, code: 'invalid_request' },
    { url: `/v1/events/${'x'.repeat(300)}`, status: 400, code: 'invalid_request' },
  ];
  it.each(paths)('$url is answered with a problem', async ({ url, status, code }) => {
    const answer = await api.call('GET', url);
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS'] as const)(
    '%s of a path with other methods',
    async (method) => {
      const answer = await api.server.inject({ method, url: '/v1/events' });
      expect([answer.statusCode, answer.json()]).toMatchObject([404, { code: 'not_found' }]);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    },
  );

  it('does not show a query, which may hold a secret', async () => {
    const { text } = await api.call('GET', '/nothing?token=hidden-value');
    expect(text).not.toContain('hidden-value');
  });
});

describe('health', () => {
  it('is alive whatever its capabilities do', async () => {
    api.health.check = () => Promise.reject(new Error('the database is away'));
    const answer = await api.server.inject('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  const states: { name: string; ready: boolean; check: () => Promise<unknown>; answer: object }[] =
    [
      {
        name: 'ready',
        ready: true,
        check: async () => undefined,
        answer: { status: 'ready', checks: { database: 'ok' } },
      },
      {
        name: 'not ready while it starts or drains',
        ready: false,
        check: async () => undefined,
        answer: { status: 'not_ready', checks: { database: 'ok' } },
      },
      {
        name: 'not ready when a check fails, and tells nothing of the error',
        ready: true,
        check: () => Promise.reject(new Error('password=hidden')),
        answer: { status: 'not_ready', checks: { database: 'failing' } },
      },
      {
        name: 'not ready when a check does not answer',
        ready: true,
        check: () => new Promise(() => undefined),
        answer: { status: 'not_ready', checks: { database: 'timeout' } },
      },
    ];
  it.each(states)('is $name', async ({ ready, check, answer: expected }) => {
    Object.assign(api.health, { ready, check });
    const answer = await api.server.inject('/readyz');
    expect(answer.json()).toEqual(expected);
    expect(answer.statusCode).toBe('status' in expected && expected.status === 'ready' ? 200 : 503);
  });
});

describe('/openapi.json', () => {
  it('has every /v1 route of this server, and the role that serves the API has the same', async () => {
    const served: OpenApiDocument = (await api.server.inject('/openapi.json')).json();
    const routes = api.routes
      .filter(({ url, method }) => url.startsWith('/v1/') && String(method) !== 'HEAD')
      .map(({ url, method }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    const names = (document: OpenApiDocument) =>
      operationsOf(document)
        .map(({ name }) => name)
        .filter((name) => name.includes(' /v1/'));
    expect(names(served).sort()).toEqual(routes.sort());
    expect(names(await apiDocument()).sort()).toEqual(routes.sort());
  });

  it('is the same for everyone, and kept', async () => {
    const [first, second] = [
      await api.server.inject('/openapi.json'),
      await api.server.inject('/openapi.json'),
    ];
    expect(first.headers['content-type']).toMatch(/^application\/json/);
    expect(first.payload).toBe(second.payload);
  });
});
