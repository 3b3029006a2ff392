// What people do with connections over the API; see api-app.ts for what is real.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SecretNotFound } from '#schemas/problems.ts';
import { API_TOKEN, type ApiApp, openApi } from './api-app.ts';

const SECRET = 'a-signing-secret-nobody-may-see';

let stack: AsyncDisposableStack;
let api: ApiApp;
let id: string;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await api.database.query('DELETE FROM connections');
  await api.database.query('DELETE FROM audit_log');
  const body = { provider: 'hubspot', name: 'main', secret: SECRET, labels: { region: 'eu' } };
  const created = await call('POST', '/v1/connections', { body });
  id = String(created.body.id);
});

interface CallOptions {
  readonly body?: object;
  readonly ifMatch?: string;
}

async function call(method: string, url: string, { body, ifMatch }: CallOptions = {}) {
  const answer = await api.server.inject({
    method: method as 'GET',
    url,
    headers: {
      authorization: `Bearer ${API_TOKEN}`,
      'x-org-id': 'platform',
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    },
    ...(body && { payload: body }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

const one = (path = '') => `/v1/connections/${id}${path}`;

async function audited(): Promise<string[]> {
  const rows = await api.database.query<{ action: string }>(
    'SELECT action FROM audit_log ORDER BY id',
  );
  return rows.map(({ action }) => action);
}

describe('a change', () => {
  it('is made on what was read, and answers with what is next', async () => {
    const read = await call('GET', one());
    expect(read.headers.etag).toBe('"1"');
    const changed = await call('PATCH', one(), {
      ifMatch: '"1"',
      body: { name: 'renamed', labels: { region: 'us' }, settings: { portal_id: 62515 } },
    });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).toBe('"2"');
    expect(changed.body).toMatchObject({
      name: 'renamed',
      labels: { region: 'us' },
      settings: { portal_id: 62515, allow_signature_versions: ['v3'] },
      version: 2,
    });
    expect(api.directory.peek(id)?.settings).toEqual(changed.body.settings);
  });

  it.each([
    { what: 'an older version', ifMatch: '"0"', status: 412, code: 'precondition_failed' },
    { what: 'a weak tag', ifMatch: 'W/"1"', status: 412, code: 'precondition_failed' },
    { what: 'no version', ifMatch: undefined, status: 428, code: 'precondition_required' },
    { what: 'one of several versions', ifMatch: '"7", "1"', status: 200, code: undefined },
    { what: 'any version', ifMatch: '*', status: 200, code: undefined },
  ])('with $what answers $status', async ({ ifMatch, status, code }) => {
    const options = { body: { name: 'new' }, ...(ifMatch !== undefined && { ifMatch }) };
    const answer = await call('PATCH', one(), options);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await call('GET', one())).body.name).toBe(status === 200 ? 'new' : 'main');
  });

  it.each([
    { what: 'nothing', body: {}, status: 400 },
    { what: 'the provider', body: { provider: 'custom' }, status: 400 },
    { what: 'status and name at once', body: { status: 'inactive', name: 'x' }, status: 400 },
    { what: 'a label that is none', body: { labels: { 'Not one': 'x' } }, status: 400 },
    { what: 'a setting that is none', body: { settings: { colour: 'red' } }, status: 422 },
  ])('to $what is refused', async ({ body, status }) => {
    const answer = await call('PATCH', one(), { body, ifMatch: '"1"' });
    expect([answer.status, (await call('GET', one())).body.version]).toEqual([status, 1]);
  });

  it('of two at once is made by one', async () => {
    const edits = ['a', 'b', 'c'].map((name) =>
      call('PATCH', one(), { ifMatch: '"1"', body: { name } }),
    );
    const statuses = (await Promise.all(edits)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 412, 412]);
  });

  it('to a name that another has is refused', async () => {
    await call('POST', '/v1/connections', {
      body: { provider: 'hubspot', name: 'other', secret: SECRET },
    });
    const answer = await call('PATCH', one(), { ifMatch: '"1"', body: { name: 'other' } });
    expect([answer.status, answer.body.code]).toEqual([409, 'connection_exists']);
  });
});

describe('the audit log', () => {
  it('tells who did what, before and after, without secrets', async () => {
    await call('PATCH', one(), { body: { status: 'inactive' } });
    await call('PATCH', one(), { body: { status: 'inactive' } });
    await call('PATCH', one(), { body: { status: 'active' } });
    const page = await call('GET', `/v1/audit-log?subject_id=${id}&limit=2`);
    expect(page.body.entries).toMatchObject([
      { action: 'connection.enabled', actor: 'API token', before: { status: 'inactive' } },
      {
        action: 'connection.disabled',
        before: { status: 'active', version: 1 },
        after: { status: 'inactive', status_reason: 'disabled', version: 2 },
      },
    ]);
    const next = await call('GET', `/v1/audit-log?limit=2&cursor=${page.body.next_cursor}`);
    expect(next.body.entries).toMatchObject([
      { action: 'connection.created', before: null, after: { id } },
    ]);
    expect(next.body.next_cursor).toBeNull();
    expect(JSON.stringify([page.body, next.body])).not.toContain(SECRET);
  });

  it('holds nothing of what was refused', async () => {
    await call('PATCH', one(), { ifMatch: '"9"', body: { name: 'x' } });
    await call('PATCH', one(), { ifMatch: '"1"', body: { settings: { colour: 'red' } } });
    expect(await audited()).toEqual(['connection.created']);
  });
});

describe('a connection that ends', () => {
  it('keeps its data and its URL when it is disconnected, and receives again afterwards', async () => {
    const gone = await call('POST', one('/disconnect'));
    expect(gone.body).toMatchObject({
      status: 'inactive',
      status_reason: 'disconnected',
      disconnected_at: expect.stringMatching(/Z$/),
      notes: [],
    });
    expect(api.directory.peek(id)?.status).toBe('inactive');
    const enabled = await call('PATCH', one(), { body: { status: 'active' } });
    expect([enabled.status, enabled.body.code]).toEqual([409, 'connection_disconnected']);
    expect((await call('POST', one('/disconnect'))).status).toBe(200);
    const back = await call('POST', one('/reconnect'));
    expect(back.body).toMatchObject({ status: 'active', disconnected_at: null });
    expect(back.body.webhook_url).toBe(gone.body.webhook_url);
    await expect(api.secrets.access(back.body.secret_ref)).resolves.toBe(SECRET);
    expect(await audited()).toEqual([
      'connection.created',
      'connection.disconnected',
      'connection.reconnected',
    ]);
  });

  it('goes with its secret and what hangs on it when it is deleted, and says so', async () => {
    await api.database.query(
      `INSERT INTO entity_states (tenant_id, connection_id, entity_type, entity_id, state)
       VALUES ('acme', $1, 'deal', '1', '{}')`,
      [id],
    );
    await api.database.query(
      `INSERT INTO connection_logs (connection_id, tenant_id, level, kind, code, message)
       VALUES ($1, 'acme', 'info', 'health', 'ok', 'It answers.')`,
      [id],
    );
    const ref = String((await call('GET', one())).body.secret_ref);
    const stale = await call('DELETE', one(), { ifMatch: '"3"' });
    expect(stale.status).toBe(412);
    const gone = await call('DELETE', one());
    expect(gone.body).toMatchObject({
      id,
      removed: { registrations: 0, checks: 0, log_entries: 1, entity_states: 1 },
      notes: [],
    });
    expect(gone.body.kept).toContain('events in the outbox');
    expect((await call('GET', one())).status).toBe(404);
    expect((await call('DELETE', one())).status).toBe(404);
    await expect(api.secrets.access(ref)).rejects.toBeInstanceOf(SecretNotFound);
    expect(api.directory.peek(id)).toBeUndefined();
    expect(await audited()).toContain('connection.deleted');
    const left = await api.database.query('SELECT 1 FROM entity_states WHERE connection_id = $1', [
      id,
    ]);
    expect(left).toEqual([]);
  });
});
