// The routes of webhook registrations. Real: see tests/api/api-app.ts; the credential that is stored there is
// none, so every registration fails.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiApp, openApi } from './api-app.ts';

const stack = new AsyncDisposableStack();
let api: ApiApp;
beforeAll(async () => {
  api = await openApi(stack);
}, 60_000);
afterAll(() => stack.disposeAsync());

async function connect(provider: string, name: string, more: object = {}): Promise<string> {
  const { status, body } = await api.call('POST', '/v1/connections', { provider, name, ...more });
  expect(status).toBe(201);
  return String(body.id);
}

it.each([
  ['zoho', true, {}],
  ['hubspot', false, { secret: 'the-client-secret' }],
])('those of %s are kept by API: %s', async (provider, byApi, more) => {
  const id = await connect(provider, 'plain', more);
  const { status, body } = await api.call('GET', `/v1/connections/${id}/registrations`);
  expect([status, body]).toEqual([200, { by_api: byApi, registrations: [] }]);
});

it('are shown with what keeps them from being there, and tried when somebody asks', async () => {
  const id = await connect('zoho', 'with credentials', { settings: { watch_modules: ['Deals'] } });
  await api.database.query(
    `INSERT INTO connection_credentials (connection_id, tenant_id, kind, secret_ref, secret_ref_version)
     VALUES ($1, 'acme', 'oauth2', 'ref', 1)`,
    [id],
  );
  const path = `/v1/connections/${id}/registrations`;
  const synced = await api.call('POST', `${path}/sync`);
  expect(synced).toMatchObject({
    status: 200,
    body: {
      by_api: true,
      registrations: [
        {
          resource: 'Deals',
          state: 'failed',
          external_id: expect.stringMatching(/^\d+$/),
          expires_at: null,
          renewed_at: null,
          failure: { code: 'secret_unreadable', detail: expect.any(String), count: 1 },
        },
      ],
    },
  });
  expect((await api.call('GET', path)).body).toEqual(synced.body);
  const again = await api.call('POST', `${path}/sync`);
  expect(again.body).toMatchObject({ registrations: [{ failure: { count: 2 } }] });

  await api.database.query(
    `UPDATE webhook_registrations SET state = 'active', expires_at = now() - interval '1 minute',
       failure = NULL WHERE connection_id = $1`,
    [id],
  );
  expect((await api.call('GET', path)).body).toMatchObject({
    registrations: [{ state: 'expired', failure: null }],
  });
});

it('wait for another process that is at the same connection', async () => {
  const id = await connect('zoho', 'held');
  await api.database.query(
    `INSERT INTO leases VALUES ($1, gen_random_uuid(), now() + interval '1 minute')`,
    [`registrations/${id}`],
  );
  const { status, body, headers } = await api.call(
    'POST',
    `/v1/connections/${id}/registrations/sync`,
  );
  expect([status, body.code, headers['retry-after']]).toEqual([409, 'request_in_progress', '5']);
}, 15_000);

it.each([
  'GET /v1/connections/con_none/registrations',
  'POST /v1/connections/con_none/registrations/sync',
])('%s finds no connection', async (route) => {
  const [method = '', url = ''] = route.split(' ');
  expect(await api.call(method as 'GET', url)).toMatchObject({ status: 404 });
});
