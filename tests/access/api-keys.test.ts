// Keys of programs. Real: see tests/api/api-app.ts.
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AREAS, areaOf } from '#services/access/key-scopes.ts';
import type { Bearer } from '#services/access/local-issuer.ts';
import { API_TOKEN, type ApiApp, openApi } from '../api/api-app.ts';
import { read, tableRows } from '../docs/documents.ts';

let stack: AsyncDisposableStack;
let api: ApiApp;
/** Authorization headers of users. */
const as: Record<string, string> = {};

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  const users: Record<string, Omit<Bearer, 'subject'>> = {
    owner: { tenantId: 'acme', orgId: null, role: 'owner' },
    administrator: { tenantId: 'acme', orgId: null, role: 'administrator' },
    orgOwner: { tenantId: 'acme', orgId: 'one', role: 'owner' },
    orgAdministrator: { tenantId: 'acme', orgId: 'one', role: 'administrator' },
    member: { tenantId: 'acme', orgId: 'one', role: 'member' },
    other: { tenantId: 'acme', orgId: 'two', role: 'owner' },
    rival: { tenantId: 'rival', orgId: 'one', role: 'owner' },
  };
  for (const [subject, user] of Object.entries(users)) {
    as[subject] = `Bearer ${await api.issuer.issue({ subject, ...user }, 3_600)}`;
  }
}, 60_000);
afterAll(() => stack.disposeAsync());
beforeEach(() => void api.audited.splice(0));

async function call(authorization: string | undefined, options: InjectOptions) {
  const headers = { authorization: authorization ?? '', ...options.headers };
  const answer = await api.server.inject({ ...options, headers });
  const { statusCode: status, payload: text } = answer;
  return { status, text, headers: answer.headers, body: text ? answer.json() : {} };
}

const create = (authorization: string | undefined, body: object, headers = {}) =>
  call(authorization, { method: 'POST', url: '/v1/api-keys', payload: body, headers });
const revoke = (authorization: string | undefined, id: string, headers = {}) =>
  call(authorization, { method: 'DELETE', url: `/v1/api-keys/${id}`, headers });

/** A key of organisation one that works. */
async function made(body: object = {}): Promise<{ id: string; key: string }> {
  const { status, body: answer } = await create(as.orgOwner, { name: 'ci', ...body });
  expect(status).toBe(201);
  return answer;
}

const AT_PLATFORM = { 'x-org-id': 'platform' };
const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();

describe('an API key', () => {
  it('is shown once and opens what its role and organisation may see', async () => {
    const { status, headers, body } = await create(as.orgOwner, { name: ' nightly job ' });
    expect(status).toBe(201);
    expect(headers['cache-control']).toBe('no-store');
    const { key, ...view } = body;
    expect(key).toMatch(/^tk_[a-z2-7]{8}_[\w-]{43}$/);
    expect(view).toEqual({
      id: key.slice(0, 11),
      prefix: key.slice(0, 12),
      name: 'nightly job',
      org_id: 'one',
      role: 'member',
      scopes: [],
      expires_at: expect.any(String),
      revoked_at: null,
      revoked_by: null,
      last_used_at: null,
      created_by: 'user orgOwner',
      created_at: expect.any(String),
    });
    expect(Date.parse(view.expires_at) - Date.now()).toBeGreaterThan(364.9 * 86_400_000);
    const seen = await call(`Bearer ${key}`, { url: '/v1/connections' });
    expect(seen.status).toBe(200);
    const post = { method: 'POST', url: '/v1/connections', payload: {} } as const;
    expect((await call(`Bearer ${key}`, post)).status).toBe(403);
    const listed = await call(as.orgOwner, { url: '/v1/api-keys' });
    const [first] = listed.body.api_keys;
    expect(first).toEqual({ ...view, last_used_at: expect.any(String) });
    const subject = { type: 'api_key', id: view.id };
    expect(api.audited).toEqual([
      { actor: 'user orgOwner', action: 'api_key.created', subject, before: null, after: view },
    ]);
  });

  it('is nowhere but in the answer that made it', async () => {
    const { key } = await made();
    await call(`Bearer ${key}`, { url: '/v1/connections' });
    await call(`Bearer ${key}`, { url: '/v1/dead-letters' });
    const listed = await call(as.orgOwner, { url: '/v1/api-keys' });
    const [rows] = await api.database.query<{ all: string }>(
      `SELECT string_agg(api_keys::text, ' ') AS all FROM api_keys`,
    );
    const told = [listed.text, rows?.all ?? '', api.logLines.join(), JSON.stringify(api.audited)];
    for (const text of told) expect(text).not.toContain(key.slice(12));
  });

  it('names itself in what it does', async () => {
    const { id, key } = await made({ role: 'owner' });
    const { body } = await create(`Bearer ${key}`, { name: 'second', expires_at: days(1) });
    expect(body.created_by).toBe(`api key ci (${id})`);
  });

  it('notes its use once a minute', async () => {
    const { id, key } = await made();
    const use = () => call(`Bearer ${key}`, { url: '/v1/connections' });
    const lastUsed = async () => {
      const [row] = await api.database.query<{ ago: number | null }>(
        `SELECT extract(epoch FROM now() - last_used_at)::float8 AS ago FROM api_keys WHERE id = $1`,
        [id],
      );
      return row?.ago;
    };
    const setAgo = (seconds: number) =>
      api.database.query(
        'UPDATE api_keys SET last_used_at = now() - make_interval(secs => $2) WHERE id = $1',
        [id, seconds],
      );
    expect(await lastUsed()).toBeNull();
    await use();
    expect(await lastUsed()).toBeLessThan(30);
    await setAgo(50);
    await use();
    expect(await lastUsed()).toBeGreaterThanOrEqual(50);
    await setAgo(70);
    await use();
    expect(await lastUsed()).toBeLessThan(30);
  });

  it('that is unknown, expired or revoked is refused in the same words', async () => {
    const [expired, revoked, good] = [await made(), await made(), await made()];
    await api.database.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [expired.id]);
    expect((await revoke(as.orgOwner, revoked.id)).status).toBe(200);
    const wrong = good.key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const answers = [];
    for (const key of [expired.key, revoked.key, wrong]) {
      answers.push(await call(`Bearer ${key}`, { url: '/v1/connections' }));
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.body.code).toBe('not_authenticated');
    for (const odd of [good.key.slice(0, -1), `${good.key}A`, good.key.toUpperCase()]) {
      expect((await call(`Bearer ${odd}`, { url: '/v1/connections' })).status).toBe(401);
    }
    expect((await call(`Bearer ${good.key}`, { url: '/v1/connections' })).status).toBe(200);
  });

  it('signs no browser in', async () => {
    const { key } = await made({ role: 'owner' });
    const answer = await call(`Bearer ${key}`, { method: 'POST', url: '/v1/session' });
    expect([answer.status, answer.body.code]).toEqual([403, 'not_permitted']);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});

describe('who makes which key', () => {
  it.each([
    { by: 'owner', headers: AT_PLATFORM, role: 'owner', gives: { org_id: null } },
    { by: 'owner', headers: { 'x-org-id': 'one' }, role: 'owner', gives: { org_id: 'one' } },
    { by: 'owner', headers: {}, role: 'member', gives: 'org_required' },
    { by: 'administrator', headers: AT_PLATFORM, role: 'administrator', gives: { org_id: null } },
    { by: 'administrator', headers: AT_PLATFORM, role: 'owner', gives: 'not_permitted' },
    { by: 'orgOwner', headers: AT_PLATFORM, role: 'owner', gives: { org_id: 'one' } },
    { by: 'orgOwner', headers: { 'x-org-id': 'two' }, role: 'owner', gives: { org_id: 'one' } },
    { by: 'orgAdministrator', headers: {}, role: 'owner', gives: 'not_permitted' },
    { by: 'orgAdministrator', headers: {}, role: 'member', gives: { org_id: 'one' } },
    { by: 'member', headers: {}, role: 'member', gives: 'not_permitted' },
  ])('$by, as $headers, a key of the role $role', async ({ by, headers, role, gives }) => {
    const { body, status } = await create(as[by], { name: 'x', role }, headers);
    if (typeof gives === 'string') expect(body.code).toBe(gives);
    else expect([status, body]).toEqual([201, expect.objectContaining({ ...gives, role })]);
  });

  it.each([
    { name: 'no name', body: {} },
    { name: 'an empty name', body: { name: ' ' } },
    { name: 'a name of two lines', body: { name: 'a\nb' } },
    { name: 'a name that cannot be stored', body: { name: 'a\ud800' } },
    { name: 'a role that is none', body: { name: 'x', role: 'root' } },
    { name: 'a scope that is none', body: { name: 'x', scopes: ['connections:delete'] } },
    { name: 'an organisation', body: { name: 'x', org_id: 'two' } },
    { name: 'an end that is past', body: { name: 'x', expires_at: days(-1) } },
    { name: 'an end too far away', body: { name: 'x', expires_at: days(366) } },
    { name: 'an end that is none', body: { name: 'x', expires_at: 'tomorrow' } },
    { name: 'an end without a zone', body: { name: 'x', expires_at: '2099-01-01T00:00:00' } },
  ])('nobody, with $name', async ({ body }) => {
    const answer = await create(as.orgOwner, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    expect(api.audited).toEqual([]);
  });

  it('a key hands on no more than it has', async () => {
    const scopes = ['api-keys:write', 'events:write'];
    const { key } = await made({ role: 'administrator', scopes, expires_at: days(10) });
    const outcomes = [];
    for (const body of [
      { scopes: ['events:write'], expires_at: days(9) },
      { scopes: ['events:read'], expires_at: days(9) },
      { scopes: ['connections:read'], expires_at: days(9) },
      { scopes: [], expires_at: days(9) },
      { scopes: ['events:write'], expires_at: days(11) },
      { scopes: ['events:write'] },
      { scopes: ['events:write'], expires_at: days(9), role: 'owner' },
    ]) {
      const answer = await create(`Bearer ${key}`, { name: 'x', ...body });
      outcomes.push(answer.status === 201 ? 'made' : answer.body.code);
    }
    expect(outcomes).toEqual(['made', 'made', ...Array(5).fill('not_permitted')]);
  });
});

describe('scopes', () => {
  it('are for every part of the API, and docs/access.md lists them', () => {
    const ofRoutes = api.routes
      .filter(({ config }) => config?.access?.by !== 'anyone')
      .map(({ url }) => areaOf(url));
    const parts = new Set(ofRoutes);
    // Of browsers alone.
    parts.delete('session');
    expect([...AREAS]).toEqual([...parts].toSorted());
    const listed = tableRows(read('docs/access.md'), 'part', 'is about').map(([part]) => part);
    expect(listed).toEqual([...AREAS]);
  });

  it.each([
    { scopes: [], url: '/v1/connections' },
    { scopes: ['connections:read'], url: '/v1/connections' },
    { scopes: ['connections:write'], url: '/v1/connections' },
    { scopes: ['connections:write'], method: 'POST', url: '/v1/connections', status: 400 },
    {
      scopes: ['connections:read'],
      method: 'POST',
      url: '/v1/connections',
      lacks: 'connections:write',
    },
    {
      scopes: ['events:read'],
      url: '/v1/events/3f1c1e4c-6d0b-5a55-9a51-0c8d2b5a7b11',
      status: 404,
    },
    { scopes: ['events:write'], url: '/v1/connections', lacks: 'connections:read' },
    { scopes: ['replays:write'], url: '/v1/replay-predicates', status: 403 },
    { scopes: ['events:read'], url: '/v1/session', lacks: 'session:read' },
    { scopes: ['api-keys:read'], url: '/v1/api-keys', lacks: 'api-keys:write' },
  ] as const)('$scopes at $url', async (one) => {
    const { key } = await made({ role: 'owner', scopes: one.scopes });
    const method = 'method' in one ? one.method : 'GET';
    const payload = method === 'POST' ? { payload: {} } : {};
    const answer = await call(`Bearer ${key}`, { method, url: one.url, ...payload });
    if (!('lacks' in one)) return expect(answer.status).toBe('status' in one ? one.status : 200);
    expect([answer.status, answer.body.code]).toEqual([403, 'not_permitted']);
    expect(answer.body.detail).toContain(`lacks the scope ${one.lacks}.`);
  });

  it('open nothing that the role does not', async () => {
    const { key } = await made({ role: 'member', scopes: ['connections:write'] });
    const answer = await call(`Bearer ${key}`, {
      method: 'POST',
      url: '/v1/connections',
      payload: {},
    });
    expect(answer.body.detail).toContain('Members read');
  });

  it('let a scraper read the metrics, and nothing else', async () => {
    const body = { name: 'scraper', scopes: ['metrics:read'] };
    const { body: scraper } = await create(`Bearer ${API_TOKEN}`, body, AT_PLATFORM);
    expect((await call(`Bearer ${scraper.key}`, { url: '/v1/events' })).status).toBe(403);
    const metrics = await api.server.inject({
      url: '/metrics',
      headers: { authorization: `Bearer ${scraper.key}` },
    });
    expect(metrics.statusCode).toBe(200);
  });
});

describe('revoking', () => {
  it('is at once, by whom it shows, recorded once, and can be repeated', async () => {
    const { id, key } = await made();
    api.audited.splice(0);
    const first = await revoke(as.orgAdministrator, id);
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      revoked_by: 'user orgAdministrator',
      revoked_at: expect.any(String),
    });
    expect((await call(`Bearer ${key}`, { url: '/v1/connections' })).status).toBe(401);
    const second = await revoke(as.orgOwner, id);
    expect(second.body).toEqual(first.body);
    expect(api.audited).toMatchObject([
      { action: 'api_key.revoked', before: { revoked_at: null }, after: first.body },
    ]);
  });

  it.each(['other', 'rival', 'owner'])('is not for %s, who does not see it', async (by) => {
    const { id, key } = await made();
    const headers = by === 'owner' ? AT_PLATFORM : {};
    expect((await revoke(as[by], id, headers)).body.code).toBe('not_found');
    expect((await call(as[by], { url: '/v1/api-keys', headers })).text).not.toContain(id);
    expect((await call(`Bearer ${key}`, { url: '/v1/connections' })).status).toBe(200);
  });

  it('is not for an organisation where the key is of the platform level', async () => {
    const { body } = await create(as.owner, { name: 'x' }, AT_PLATFORM);
    expect((await revoke(as.orgOwner, body.id)).body.code).toBe('not_found');
    expect((await call(as.orgOwner, { url: '/v1/api-keys' })).text).not.toContain(body.id);
  });
});

describe('the list', () => {
  it('comes in pages, newest first, each key once', async () => {
    const ids = [];
    for (let count = 0; count < 5; count += 1) {
      const { body } = await create(as.other, { name: `key ${count}` });
      ids.push(body.id);
    }
    // The order of those made in the same millisecond is by id.
    await api.database.query(`UPDATE api_keys SET created_at = $1 WHERE id = ANY($2::text[])`, [
      '2026-01-30T00:00:00.123Z',
      ids.slice(1, 4),
    ]);
    const seen: string[] = [];
    let query = '?limit=2';
    for (let pages = 0; query !== '' && pages < 5; pages += 1) {
      const { body } = await call(as.other, { url: `/v1/api-keys${query}` });
      seen.push(...body.api_keys.map(({ id }: { id: string }) => id));
      query = body.next_cursor === null ? '' : `?limit=2&cursor=${body.next_cursor}`;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(seen.slice(0, 2)).toEqual([ids[4], ids[0]]);
    expect(seen.slice(2)).toEqual(ids.slice(1, 4).toSorted().toReversed());
  });

  it.each([
    'x',
    Buffer.from('["+275760-09-13T00:00:00.000Z","tk_aaaaaaaa"]').toString('base64url'),
  ])('refuses the cursor %s', async (cursor) => {
    const { body } = await call(as.other, { url: `/v1/api-keys?cursor=${cursor}` });
    expect(body.code).toBe('invalid_request');
  });
});
