// /v1/connections over everything below it; see api-app.ts for what is real.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pathSecret, withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { type ApiApp, openApi, PUBLIC_URL } from './api-app.ts';

const SECRET = 'a-signing-secret-nobody-may-see';

let stack: AsyncDisposableStack;
let api: ApiApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await api.database.query('DELETE FROM connections');
  await api.directory.refresh();
});

const add = (overrides: object = {}) =>
  api.call('POST', '/v1/connections', {
    provider: 'hubspot',
    name: 'main',
    secret: SECRET,
    ...overrides,
  });

async function stored(): Promise<Record<string, unknown>[]> {
  return api.database.query('SELECT * FROM connections');
}

describe('POST /v1/connections', () => {
  it('adds a connection that can receive at once, and keeps its secret apart', async () => {
    const { status, body } = await add({ name: ' main ' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^con_/),
      provider: 'hubspot',
      name: 'main',
      status: 'active',
      status_reason: null,
      status_detail: null,
      status_since: expect.stringMatching(/Z$/),
      org_id: null,
      account_id: null,
      account_name: null,
      labels: {},
      last_sync_at: null,
      last_error: null,
      last_error_detail: null,
      last_error_at: null,
      error_count: 0,
      disconnected_at: null,
      version: 1,
      webhook_url: `${PUBLIC_URL}/webhooks/hubspot/${body.id}`,
      secret_ref: `tenants/acme/connections/${body.id}/webhook`,
      settings: {
        allow_signature_versions: ['v3'],
        future_skew_seconds: 60,
        api_base_url: 'https://api.hubapi.com',
      },
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    await expect(api.secrets.access(String(body.secret_ref))).resolves.toBe(SECRET);
    expect(api.directory.peek(String(body.id))).toMatchObject({ tenantId: 'acme' });
  });

  const refused: {
    name: string;
    change: object;
    status: number;
    code: string;
    pointer?: string;
  }[] = [
    {
      name: 'an unknown provider',
      change: { provider: 'nothing' },
      status: 400,
      code: 'invalid_request',
    },
    {
      name: 'a setting that does not exist',
      change: { settings: { colour: 'red' } },
      status: 422,
      code: 'invalid_settings',
      pointer: '',
    },
    {
      name: 'a setting out of bounds',
      change: { settings: { future_skew_seconds: 301 } },
      status: 422,
      code: 'invalid_settings',
      pointer: '/future_skew_seconds',
    },
    {
      name: 'an API address in a private network',
      change: { settings: { api_base_url: 'https://10.0.0.5' } },
      status: 422,
      code: 'invalid_settings',
      pointer: '/api_base_url',
    },
    {
      name: 'a list with a wrong item',
      change: { settings: { allow_signature_versions: ['v3', 'v9'] } },
      status: 422,
      code: 'invalid_settings',
      pointer: '/allow_signature_versions/1',
    },
    {
      name: 'a definition that is none',
      change: { provider: 'custom', settings: { definition: { verification: [] } } },
      status: 422,
      code: 'invalid_settings',
      pointer: '/definition',
    },
    {
      name: 'a short secret',
      change: { secret: 'seven77' },
      status: 400,
      code: 'invalid_request',
      pointer: '/secret',
    },
    {
      name: 'no secret, where the provider makes it',
      change: { secret: undefined },
      status: 400,
      code: 'invalid_request',
    },
    {
      name: 'a secret that the provider cannot send',
      change: { provider: 'zoho', secret: 'x'.repeat(51) },
      status: 400,
      code: 'invalid_request',
      pointer: '/secret',
    },
    {
      name: 'a secret that is not of the encoding the settings name',
      change: { provider: 'zenoti', settings: { secret_encoding: 'hex' } },
      status: 400,
      code: 'invalid_request',
      pointer: '/secret',
    },
    {
      name: 'no organisation, where one is needed',
      change: { provider: 'salesforce' },
      status: 422,
      code: 'invalid_settings',
      pointer: '/organization_id',
    },
    {
      name: 'no name',
      change: { name: '   ' },
      status: 400,
      code: 'invalid_request',
      pointer: '/name',
    },
    {
      name: 'a name the database cannot hold',
      change: { name: 'a\u0000b' },
      status: 400,
      code: 'invalid_request',
      pointer: '/name',
    },
    {
      name: 'a setting the database cannot hold',
      change: {
        provider: 'custom',
        settings: {
          definition: {
            title: 'a\u0000b',
            verification: [{ scheme: 'none' }],
            extract: { eventType: '/type', entity: { id: '/id' } },
          },
        },
      },
      status: 400,
      code: 'invalid_request',
      pointer: '/settings',
    },
    {
      name: 'a field that does not exist',
      change: { colour: 'red' },
      status: 400,
      code: 'invalid_request',
    },
  ];
  it.each(refused)('refuses $name', async ({ change, status, code, pointer }) => {
    const answer = await add(change);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    if (pointer !== undefined) {
      const pointers = (answer.body.errors as { pointer: string }[]).map((one) => one.pointer);
      expect(pointers).toContainEqual(expect.stringContaining(pointer));
    }
    expect(await stored()).toEqual([]);
    expect(answer.text).not.toContain(SECRET);
  });

  it('makes a secret where the provider lets us choose it, and shows it that once', async () => {
    const { status, body } = await add({ provider: 'zoho', secret: undefined });
    expect(status).toBe(201);
    const secret = String(body.secret);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/);
    await expect(api.secrets.access(String(body.secret_ref))).resolves.toBe(secret);
    const other = await add({ provider: 'zoho', name: 'other', secret: undefined });
    expect(other.body.secret).not.toBe(secret);
    expect((await api.call('GET', '/v1/connections')).text).not.toContain(secret);
  });

  it('shows the secret segment of a URL once, and later the URL without it', async () => {
    const { body } = await add({ provider: 'zoho' });
    expect(body.secret).toBeUndefined();
    const address = `${PUBLIC_URL}/webhooks/zoho/${body.id}`;
    expect(body.webhook_url).toBe(withPathSecret(address, SECRET));
    const list = await api.call('GET', '/v1/connections');
    expect(list.body.connections).toMatchObject([{ webhook_url: address }]);
    expect(list.text).not.toContain(pathSecret(SECRET));
    expect(api.logLines.join()).not.toContain(pathSecret(SECRET));
  });

  it('names the providers there are when it is another', async () => {
    const { body } = await add({ provider: 'nothing' });
    expect(body.detail).toContain('hubspot, salesforce, zoho, zenoti, custom');
  });

  it('refuses a second of the same name, and leaves no secret behind', async () => {
    await add();
    const created: string[] = [];
    const create = api.secrets.create.bind(api.secrets);
    api.secrets.create = (ref, value) => {
      created.push(ref);
      return create(ref, value);
    };
    const answer = await add();
    api.secrets.create = create;
    expect(answer).toMatchObject({ status: 409, body: { code: 'connection_exists' } });
    expect(await stored()).toHaveLength(1);
    for (const ref of created) await expect(api.secrets.access(ref)).rejects.toThrow();
  });

  it.each([
    ['{"secret":"half-a-secret-nobody-may', 'application/json'],
    ['secret=half-a-secret-nobody-may', 'application/x-www-form-urlencoded'],
    ['["half-a-secret-nobody-may"]', 'application/json'],
  ])('refuses the body %s without quoting it', async (payload, type) => {
    const headers = { authorization: 'Bearer a-token-for-these-tests', 'content-type': type };
    const answer = await api.server.inject({
      method: 'POST',
      url: '/v1/connections',
      headers,
      payload,
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.payload).not.toContain('nobody-may');
  });
});

describe('GET /v1/connections', () => {
  it('lists what was added, oldest first', async () => {
    const added = [await add({ name: 'b' })];
    await api.database.query("UPDATE connections SET created_at = created_at - interval '1 s'");
    added.push(await add({ name: 'a' }));
    const { status, body } = await api.call('GET', '/v1/connections');
    expect(status).toBe(200);
    const ids = added.map((answer) => answer.body.id);
    expect(body).toMatchObject({ connections: ids.map((id) => ({ id })) });
    expect((body.connections as object[])[1]).toEqual(added[1]?.body);
  });

  it('shows those of the tenant alone', async () => {
    await add();
    await api.database.query("UPDATE connections SET tenant_id = 'other'");
    await expect(api.call('GET', '/v1/connections')).resolves.toMatchObject({
      body: { connections: [] },
    });
  });
});

describe('PATCH /v1/connections/{id}', () => {
  it('takes effect in intake at once', async () => {
    const { body } = await add();
    const path = `/v1/connections/${body.id}`;
    for (const status of ['inactive', 'active'] as const) {
      const answer = await api.call('PATCH', path, { status });
      expect(answer).toMatchObject({ status: 200, body: { id: body.id, status } });
      expect(api.directory.peek(String(body.id))?.status).toBe(status);
    }
  });

  it('refuses a status that is none, and a connection that is not there', async () => {
    const { body } = await add();
    await expect(
      api.call('PATCH', `/v1/connections/${body.id}`, { status: 'gone' }),
    ).resolves.toMatchObject({ status: 400, body: { errors: [{ pointer: '/status' }] } });
    await expect(
      api.call('PATCH', '/v1/connections/%00', { status: 'active' }),
    ).resolves.toMatchObject({ status: 400, body: { errors: [{ pointer: '/id' }] } });
    await expect(
      api.call('PATCH', '/v1/connections/con_nobody', { status: 'active' }),
    ).resolves.toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('a secret', () => {
  it('is in no answer, no log line and no table', async () => {
    const answers = [await add(), await add(), await add({ settings: { colour: 'red' } })];
    const id = answers[0]?.body.id;
    answers.push(await api.call('PATCH', `/v1/connections/${id}`, { status: 'inactive' }));
    answers.push(await api.call('GET', '/v1/connections'));
    const told = [
      ...answers.map(({ text, headers }) => text + JSON.stringify(headers)),
      ...api.logLines,
      JSON.stringify(await stored()),
    ].join('\n');
    expect(told).not.toContain(SECRET);
  });
});
