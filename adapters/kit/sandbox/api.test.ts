import { afterEach, describe, expect, it } from 'vitest';
import type { SandboxApi } from './api.ts';
import { tokenBehind } from './api.ts';
import type { AccountOptions, Sandbox, SandboxAccount } from './contract.ts';
import { startSandbox } from './sandbox.ts';

// Real: the control surface and the API of a sandbox over HTTP. Doubled: the provider.

const api: SandboxApi = {
  tokenOf: ({ authorization }) => tokenBehind(authorization, 'Bearer'),
  unauthorized: (fault) => ({ status: 401, json: { fault } }),
  forbidden: () => ({ status: 403, json: { fault: 'forbidden' } }),
  limited: () => ({ status: 429, headers: { 'retry-after': '7' }, json: { fault: 'limited' } }),
  answer: ({ method, path, query, text }) =>
    path === '/things'
      ? { status: 200, json: { method, size: query.get('size'), text } }
      : undefined,
};

const makeAccount =
  (withApi: boolean) =>
  (_options: AccountOptions<unknown>): SandboxAccount<number> => ({
    changeTypes: ['even', 'odd'],
    policy: {
      ...{ maxBatch: 10, maxConcurrentRequests: 1, timeoutMs: 1_000, regroups: false },
      retryDelayMs: () => undefined,
    },
    change: (type) => (type === 'odd' ? 1 : 2),
    isHeard: (change) => change % 2 === 0,
    records: () => [],
    request: () => ({ method: 'POST', url: 'http://127.0.0.1:1', headers: {}, body: Buffer.of() }),
    ...(withApi && { api }),
  });

const started: Sandbox[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});

let nowMs = 1_000_000;
async function start(withApi = true): Promise<Sandbox> {
  const options = { targetUrl: '', secret: 's', settings: {}, nowMs: () => nowMs };
  const sandbox = await startSandbox(makeAccount(withApi), options);
  started.push(sandbox);
  return sandbox;
}

const call = (sandbox: Sandbox, path: string, token?: string, init: RequestInit = {}) =>
  fetch(sandbox.apiUrl + path, {
    ...init,
    headers: token === undefined ? {} : { authorization: `bearer ${token}` },
  });
const control = (sandbox: Sandbox, method: string, path: string, body?: unknown) =>
  fetch(sandbox.controlUrl + path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

describe('tokens', () => {
  it('are none at first, then those that are told', async () => {
    const sandbox = await start();
    const at = (ms: number) => new Date(ms).toISOString();
    const statuses = async () => {
      const tokens = ['a', 'b', 'c', 'd'];
      const answers = await Promise.all(tokens.map((token) => call(sandbox, '/things', token)));
      return answers.map(({ status }) => status).join(' ');
    };
    expect(await statuses()).toBe('401 401 401 401');
    const listed = [{ token: 'a' }, { token: 'b', expires_at: at(nowMs + 1) }];
    const put = await control(sandbox, 'PUT', '/sandbox/tokens', { tokens: listed });
    expect([put.status, await put.text()]).toEqual([204, '']);
    expect(await statuses()).toBe('200 200 401 401');
    await control(sandbox, 'POST', '/sandbox/tokens', { tokens: [{ token: 'c' }] });
    nowMs += 1;
    expect(await statuses()).toBe('200 401 200 401');
    sandbox.api.tokens.revoke('a');
    expect(await statuses()).toBe('401 401 200 401');
    await control(sandbox, 'PUT', '/sandbox/tokens', { tokens: [] });
    expect(await statuses()).toBe('401 401 401 401');
  });

  it.each([
    [undefined, 'missing'],
    ['', 'missing'],
    ['x', 'unknown'],
    ['old', 'expired'],
  ])('%s is refused as %s', async (token, fault) => {
    const sandbox = await start();
    sandbox.api.tokens.replace([{ token: 'old', expiresAtMs: nowMs }]);
    expect(await (await call(sandbox, '/things', token)).json()).toEqual({ fault });
  });

  it.each([
    ['a token that is a number', { tokens: [{ token: 7 }] }],
    ['no list', {}],
    ['a time without an offset', { tokens: [{ token: 'a', expires_at: '2026-01-31T12:00:00' }] }],
    ['a field nobody knows', { tokens: [{ token: 'a', scope: 'x' }] }],
  ])('%s is refused by the control surface', async (_name, body) => {
    const answer = await control(await start(), 'PUT', '/sandbox/tokens', body);
    expect(answer.status).toBe(400);
  });
});

describe('calls', () => {
  it('are answered by the provider, with query and body', async () => {
    const sandbox = await start();
    sandbox.api.tokens.allow({ token: 'a' });
    const init = { method: 'POST', body: 'hello' };
    const answer = await call(sandbox, '/things?size=2', 'a', init);
    expect(await answer.json()).toEqual({ method: 'POST', size: '2', text: 'hello' });
    expect((await call(sandbox, '/elsewhere', 'a')).status).toBe(404);
  });

  it('are listed without what they carried', async () => {
    const sandbox = await start();
    sandbox.api.tokens.allow({ token: 'the-token' });
    await call(sandbox, '/things?key=the-token', 'the-token');
    await call(sandbox, '/things');
    const listed = await (await control(sandbox, 'GET', '/sandbox/api/calls')).text();
    expect(JSON.parse(listed)).toEqual({
      calls: [
        { method: 'GET', path: '/things', status: 200 },
        { method: 'GET', path: '/things', status: 401 },
      ],
    });
  });

  it('find nothing where the provider has no API', async () => {
    expect((await call(await start(false), '/things', 'a')).status).toBe(404);
  });

  it.each([
    ['limited', 429, 'limited'],
    ['forbidden', 403, 'forbidden'],
    ['unavailable', 503, '<html>'],
    ['html', 200, '<html>'],
    ['garbage', 200, '{"data"'],
    ['huge', 200, '"xxx'],
  ])('go wrong as told, and then no more: %s', async (fault, status, text) => {
    const sandbox = await start();
    sandbox.api.tokens.allow({ token: 'a' });
    const told = await control(sandbox, 'POST', '/sandbox/api/faults', { fault, count: 2 });
    expect(told.status).toBe(204);
    for (let index = 0; index < 2; index += 1) {
      const answer = await call(sandbox, '/things', 'a');
      expect(answer.status).toBe(status);
      expect(await answer.text()).toContain(text);
    }
    expect((await call(sandbox, '/things', 'a')).status).toBe(200);
  });

  it('may never be answered', async () => {
    const sandbox = await start();
    sandbox.api.fail('silent');
    const giveUp = new AbortController();
    const calling = call(sandbox, '/things', 'a', { signal: giveUp.signal });
    await expect
      .poll(() => sandbox.api.calls)
      .toEqual([{ method: 'GET', path: '/things', status: 0 }]);
    giveUp.abort();
    await expect(calling).rejects.toThrow();
  });
});

it('a change that nobody hears of is dropped', async () => {
  const sandbox = await start();
  sandbox.emit(3, { type: 'odd' });
  sandbox.emit(2, { type: 'even' });
  await sandbox.idle();
  expect(sandbox.stats()).toMatchObject({ emitted: 5, dropped: 3, given_up: 2, pending: 0 });
});
