// Calls to a provider's API. Real: node:https and node:http on loopback. Doubled: the API, which is told what
// to answer, and the tokens.
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
  setGlobalProxyFromEnv,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ProviderApi } from '#adapters/kit/provider-api.ts';
import {
  CredentialsRefused,
  InvalidRequest,
  InvalidSettings,
  ProviderRefused,
  ProviderUnavailable,
} from '#schemas/problems.ts';
import { type CallProviderOptions, type CallRecord, makeCallProvider } from './call-provider.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const answers: Answer[] = [];
const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] =
  [];
const records: CallRecord[] = [];
let invalidated: number[];
let origin: string;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body });
    const answer = answers.shift() ?? ((_request, ok) => ok.end('{}'));
    answer(request, response, body);
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  answers.length = 0;
  seen.length = 0;
  records.length = 0;
  invalidated = [];
});

const status =
  (code: number, headers: Record<string, string> = {}, text = ''): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end(text);
  };

const api: ProviderApi = {
  credentialKinds: ['oauth2'],
  baseUrl: (settings) => `${(settings as { base?: string }).base ?? origin}/api`,
  authorize: ({ token }) => ({ authorization: `Bearer ${token}` }),
  health: async () => ({ id: null, name: null }),
};
const credential = (version: number) => ({
  version,
  credential: { kind: 'oauth2' as const, token: `sbxat_${version}`, scopes: [], facts: {} },
});

function caller(options: Partial<CallProviderOptions> = {}, settings = {}) {
  const make = makeCallProvider({
    adapters: new Map([
      ['made', { title: 'Made', api, settingsSchema: z.unknown() }],
      ['mute', { title: 'Mute', settingsSchema: z.unknown() }],
    ]),
    tokens: {
      current: async () => credential(1),
      invalidate: async (_id, version) => {
        invalidated.push(version);
        return credential(version + 1);
      },
    },
    allowLoopback: true,
    onCall: (record) => records.push(record),
    ...options,
  });
  return make({ id: 'con_1', provider: 'made', settings });
}

describe('a call', () => {
  it('carries the credential, and JSON', async () => {
    answers.push(status(201, { 'x-request-id': 'a' }, '{"id":1}'));
    const answer = await caller()({
      method: 'POST',
      path: '/things?a=b',
      headers: { 'x-more': 'yes', authorization: 'none' },
      json: { name: 'Zoë' },
    });
    expect(answer).toMatchObject({
      status: 201,
      headers: { 'x-request-id': 'a' },
      text: '{"id":1}',
    });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/api/things?a=b',
        headers: {
          authorization: 'Bearer sbxat_1',
          'content-type': 'application/json',
          'x-more': 'yes',
        },
        body: '{"name":"Zoë"}',
      },
    ]);
    expect(records).toEqual([
      { connectionId: 'con_1', outcome: 'ok', durationMs: expect.any(Number) },
    ]);
  });

  it('that is refused is made once more with a new token', async () => {
    answers.push(status(401));
    expect((await caller()({ path: '/' })).status).toBe(200);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer sbxat_1',
      'Bearer sbxat_2',
    ]);
    expect(invalidated).toEqual([1]);
    expect(records).toMatchObject([{ outcome: 'ok' }]);
  });

  const outcomes: readonly {
    name: string;
    answers: Answer[];
    error: new (...args: never[]) => Error;
    outcome: CallRecord['outcome'];
    says?: object;
  }[] = [
    {
      name: '401 twice',
      answers: [status(401), status(401)],
      error: CredentialsRefused,
      outcome: 'credentials_refused',
    },
    {
      name: '403 twice that is about the token',
      answers: [status(403, {}, 'Bad_OAuth_Token'), status(403, {}, 'Bad_OAuth_Token')],
      error: CredentialsRefused,
      outcome: 'credentials_refused',
    },
    {
      name: '429',
      answers: [status(429, { 'retry-after': '17' })],
      error: ProviderUnavailable,
      outcome: 'unavailable',
      says: { retryAfterSeconds: 17 },
    },
    { name: '500', answers: [status(500)], error: ProviderUnavailable, outcome: 'unavailable' },
    {
      name: 'a connection that is cut',
      answers: [(request) => request.socket.destroy()],
      error: ProviderUnavailable,
      outcome: 'unavailable',
    },
    {
      name: 'an answer that is cut',
      answers: [
        (request, response) => {
          response.writeHead(200, { 'content-length': '100' }).write('{');
          setImmediate(() => request.socket.destroy());
        },
      ],
      error: ProviderUnavailable,
      outcome: 'unavailable',
    },
    {
      name: 'no answer in time',
      answers: [() => undefined],
      error: ProviderUnavailable,
      outcome: 'unavailable',
      says: { message: expect.stringMatching(/did not answer within 0\.2 s/) },
    },
    {
      name: 'an answer without an end',
      answers: [
        (_request, response) => {
          response.writeHead(200).write('{');
        },
      ],
      error: ProviderUnavailable,
      outcome: 'unavailable',
    },
    {
      name: 'an answer that is too large',
      answers: [status(200, {}, 'x'.repeat(1024 * 1024 + 1))],
      error: ProviderRefused,
      outcome: 'failed',
    },
    {
      name: 'a permission that is missing',
      answers: [status(403, {}, '{"category":"MISSING_SCOPES"}')],
      error: CredentialsRefused,
      outcome: 'credentials_refused',
    },
    {
      name: 'a redirect',
      answers: [status(302, { location: '/elsewhere' })],
      error: ProviderRefused,
      outcome: 'failed',
    },
  ];
  it.each(outcomes)('answered by $name', async ({ answers: given, error, outcome, says = {} }) => {
    answers.push(...given);
    const thrown = await caller({ timeoutMs: 200 })({ path: '/x?key=sbx' }).catch((one) => one);
    expect(thrown).toBeInstanceOf(error);
    expect(thrown).toMatchObject(says);
    expect(String(thrown)).not.toContain('sbx');
    expect(records).toMatchObject([{ outcome }]);
    expect(seen).toHaveLength(given.length);
  });

  it.each([400, 404, 409, 422])('answered by %d is returned', async (code) => {
    answers.push(status(code, {}, '{"error":"x"}'));
    expect(await caller()({ path: '/' })).toMatchObject({ status: code, text: '{"error":"x"}' });
    expect(records).toMatchObject([{ outcome: 'rejected' }]);
  });

  it('takes an answer of a mebibyte', async () => {
    answers.push(status(200, {}, 'x'.repeat(1024 * 1024)));
    expect((await caller()({ path: '/' })).text).toHaveLength(1024 * 1024);
  });

  it('goes past the proxies that the environment names', async () => {
    const restore = setGlobalProxyFromEnv({ http_proxy: 'http://127.0.0.1:9' });
    try {
      await expect(fetch(origin)).rejects.toThrow();
      expect((await caller()({ path: '/' })).status).toBe(200);
    } finally {
      restore();
    }
  });
});

describe('a call is not made', () => {
  const bases: readonly { name: string; base: string; path?: string }[] = [
    { name: 'without TLS', base: 'http://api.example.com' },
    { name: 'to a private address', base: 'https://10.0.0.1' },
    { name: 'to no address', base: 'api.example.com' },
    { name: 'to another host that the path names', base: 'https://api', path: '@evil.example/' },
    { name: 'to a name of a private address', base: 'https://inner.example.com' },
  ];
  it.each(bases)('$name', async ({ base, path = '/' }) => {
    const resolve: CallProviderOptions['resolve'] = (_hostname, answer) =>
      answer(null, [{ address: '10.0.0.1', family: 4 }]);
    await expect(caller({ resolve }, { base })({ path })).rejects.toThrow(InvalidSettings);
    expect(seen).toEqual([]);
    expect(records).toMatchObject([{ outcome: 'failed' }]);
  });

  it('to this machine, where the server is not embedded', async () => {
    await expect(caller({ allowLoopback: false })({ path: '/' })).rejects.toThrow(InvalidSettings);
    expect(seen).toEqual([]);
  });

  it('with a credential that no header can carry', async () => {
    const tokens = {
      current: async () => ({
        version: 1,
        credential: { ...credential(1).credential, token: 'sbx\r\nx: y' },
      }),
      invalidate: async () => credential(2),
    };
    const thrown = await caller({ tokens })({ path: '/' }).catch((one) => one);
    expect(thrown).toBeInstanceOf(CredentialsRefused);
    expect(String(thrown)).not.toContain('sbx');
    expect(seen).toEqual([]);
  });

  it('where the provider has no API', () => {
    const make = makeCallProvider({
      adapters: new Map([['mute', { title: 'Mute', settingsSchema: z.unknown() }]]),
      tokens: { current: async () => credential(1), invalidate: async () => credential(2) },
      allowLoopback: true,
    });
    const connection = { id: 'con_1', provider: 'mute', settings: {} };
    expect(() => make(connection)).toThrow(InvalidRequest);
  });
});
