// Health and logs of connections over HTTP; see api-app.ts. Real: routes, Postgres with its row-level
// security. Doubled: the provider. Asserted: answers, whose they are, bad input; that no secret is shown.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CredentialsRefused, ProviderUnavailable } from '#schemas/problems.ts';
import { logConnection } from '#services/health/connection-log.ts';
import { storeConnection } from '#services/health/health.test-support.ts';
import { type ApiApp, openApi, TENANT } from './api-app.ts';

const ACCOUNT = { id: '42', name: 'Acme' };
let stack: AsyncDisposableStack;
let api: ApiApp;
let orgToken: string;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  const bearer = {
    subject: 'jane',
    tenantId: TENANT,
    orgId: 'one',
    role: 'administrator',
  } as const;
  orgToken = await api.issuer.issue(bearer, 3_600);
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await api.database.query('DELETE FROM connections');
  await storeConnection(api.database, 'con_1');
  api.providers.check = async () => ACCOUNT;
});

/** As an administrator of the organisation `one`. */
async function asOrg(method: 'GET' | 'POST' | 'PATCH', url: string, payload?: object) {
  const headers = { authorization: `Bearer ${orgToken}` };
  return api.server.inject({ method, url, headers, ...(payload && { payload }) });
}

describe('POST /v1/connections/{id}/health/check', () => {
  it('answers what it found out', async () => {
    const answer = await api.call('POST', '/v1/connections/con_1/health/check');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      connection_id: 'con_1',
      outcome: 'ok',
      code: null,
      detail: null,
      duration_ms: expect.any(Number),
      account: ACCOUNT,
    });
    const { body } = await api.call('GET', '/v1/connections/con_1/health');
    expect(body).toMatchObject({ status: 'healthy', reason: '', last_outcome: 'ok' });
    expect(body.windows).toMatchObject([{ window: '1h', checks: 1, uptime: '1' }, {}, {}]);
    expect(Date.parse(String(body.next_check_at))).toBeGreaterThan(Date.now() + 200_000);
  });

  it('marks the connection whose credentials are refused', async () => {
    api.providers.check = () => Promise.reject(new CredentialsRefused('The token was revoked.'));
    await api.call('POST', '/v1/connections/con_1/health/check');
    const { body } = await api.call('GET', '/v1/connections/con_1');
    expect(body).toMatchObject({
      status: 'error',
      status_reason: 'credentials_refused',
      status_detail: 'The token was revoked.',
      last_error: 'credentials_refused',
    });
  });

  it('answers why it failed, without a secret', async () => {
    api.providers.check = () =>
      Promise.reject(new CredentialsRefused('HubSpot said no to Bearer hunter2hunter2.'));
    const answer = await api.call('POST', '/v1/connections/con_1/health/check');
    expect(answer.body).toMatchObject({ outcome: 'failed', code: 'credentials_refused' });
    const health = await api.call('GET', '/v1/connections/con_1/health');
    expect(health.body).toMatchObject({
      status: 'failing',
      recent_errors: [{ code: 'credentials_refused' }],
    });
    const logs = await api.call('GET', '/v1/connections/con_1/logs');
    expect(logs.body).toMatchObject({
      logs: [{ code: 'credentials_refused' }, { code: 'check_failed', kind: 'health' }],
    });
    const rows = await api.database.query(
      'SELECT last_error_detail, status_detail, detail FROM connections JOIN connection_checks ON connection_id = connections.id',
    );
    const shown = [answer.text, health.text, logs.text, JSON.stringify(rows), ...api.logLines];
    expect(shown.join()).not.toContain('hunter2');
    expect(rows).toHaveLength(1);
  });

  it('says when there is nothing to check by', async () => {
    api.providers.check = async () => undefined;
    const answer = await api.call('POST', '/v1/connections/con_1/health/check');
    expect(answer.body).toMatchObject({ outcome: 'not_checkable', duration_ms: null });
    const { body } = await api.call('GET', '/v1/connections/con_1/health');
    expect(body).toMatchObject({ status: 'unknown', last_outcome: null });
  });

  it('tries a disabled connection, and no disconnected one', async () => {
    await api.database.query("UPDATE connections SET status = 'inactive'");
    const disabled = await api.call('POST', '/v1/connections/con_1/health/check');
    expect(disabled.body).toMatchObject({ outcome: 'ok' });
    await api.database.query('UPDATE connections SET disconnected_at = now()');
    const gone = await api.call('POST', '/v1/connections/con_1/health/check');
    expect([gone.status, gone.body.code]).toEqual([409, 'connection_disconnected']);
  });
});

describe('POST /v1/health/check', () => {
  it('checks the organisation’s own connections, and names those that failed', async () => {
    for (const id of ['con_a', 'con_b', 'con_c', 'con_off', 'con_gone']) {
      await storeConnection(api.database, id, { orgId: 'one' });
    }
    await storeConnection(api.database, 'con_two', { orgId: 'two' });
    await api.database.query("UPDATE connections SET status = 'inactive' WHERE id = 'con_off'");
    await api.database.query(
      "UPDATE connections SET disconnected_at = now() WHERE id = 'con_gone'",
    );
    const checked: string[] = [];
    api.providers.check = async ({ id }) => {
      checked.push(id);
      if (id === 'con_b') throw new ProviderUnavailable('HubSpot answered 502.');
      return id === 'con_c' ? undefined : ACCOUNT;
    };
    const answer = await asOrg('POST', '/v1/health/check');
    expect(answer.json()).toEqual({
      checked: 3,
      ok: 1,
      failed: 1,
      not_checkable: 1,
      skipped: 0,
      left_out: 0,
      failures: [
        { connection_id: 'con_b', code: 'provider_unavailable', detail: 'HubSpot answered 502.' },
      ],
    });
    expect(checked.toSorted()).toEqual(['con_a', 'con_b', 'con_c']);
  });

  it('takes 200 at once, those checked longest ago first', async () => {
    await api.database.query(
      `INSERT INTO connections (id, tenant_id, provider, name, secret_ref)
       SELECT 'con_many_' || n, $1, 'hubspot', 'many ' || n, 'ref' FROM generate_series(1, 201) AS n`,
      [TENANT],
    );
    await api.call('POST', '/v1/connections/con_1/health/check');
    api.providers.check = async ({ id }) => (id === 'con_1' ? ACCOUNT : undefined);
    const { body } = await api.call('POST', '/v1/health/check');
    expect(body).toMatchObject({ checked: 200, ok: 0, not_checkable: 200, left_out: 2 });
  });
});

describe('PATCH /v1/connections/{id}/health', () => {
  it('sets the interval, which may bring the next check forward', async () => {
    await api.call('POST', '/v1/connections/con_1/health/check');
    const { status, body } = await api.call('PATCH', '/v1/connections/con_1/health', {
      interval_seconds: 60,
    });
    expect([status, body.interval_seconds]).toEqual([200, 60]);
    expect(Date.parse(String(body.next_check_at))).toBeLessThanOrEqual(Date.now() + 60_000);
    const logs = await api.call('GET', '/v1/connections/con_1/logs?kind=change');
    expect(logs.body).toMatchObject({
      logs: [{ code: 'check_interval_changed', data: { interval_seconds: 60 } }],
    });
    const audited = await api.database.query(
      "SELECT before, after FROM audit_log WHERE action = 'connection.check_interval_changed'",
    );
    expect(audited).toEqual([
      { before: { interval_seconds: 300 }, after: { interval_seconds: 60 } },
    ]);
  });

  it.each([{ interval_seconds: 59 }, { interval_seconds: 86_401 }, { interval_seconds: 60.5 }, {}])(
    'refuses %j',
    async (body) => {
      const answer = await api.call('PATCH', '/v1/connections/con_1/health', body);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    },
  );
});

it('an organisation sees a shared connection, and changes nothing of it', async () => {
  expect((await asOrg('GET', '/v1/connections/con_1/health')).statusCode).toBe(200);
  expect((await asOrg('GET', '/v1/connections/con_1/logs')).statusCode).toBe(200);
  const body = { interval_seconds: 60 };
  const changes = [
    await asOrg('PATCH', '/v1/connections/con_1/health', body),
    await asOrg('POST', '/v1/connections/con_1/health/check'),
  ];
  for (const answer of changes) {
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'not_permitted']);
  }
  expect(await api.database.query('SELECT 1 FROM connection_checks')).toEqual([]);
});

it('totals for dashboards', async () => {
  await storeConnection(api.database, 'con_2');
  await api.call('POST', '/v1/connections/con_1/health/check');
  const { body } = await api.call('GET', '/v1/health');
  expect(body).toEqual({
    connections: 2,
    by_health: { healthy: 1, degraded: 0, failing: 0, unknown: 1 },
    by_status: { active: 2, inactive: 0, error: 0, disconnected: 0 },
    circuits_open: 0,
  });
});

describe('GET /v1/connections/{id}/logs', () => {
  const connection = { id: 'con_1', tenantId: TENANT, orgId: null };
  beforeEach(async () => {
    for (const code of ['a', 'b', 'c']) {
      const entry = { level: 'info', kind: 'poll', code, message: `Page ${code}` } as const;
      await logConnection(api.database, connection, entry);
    }
  });
  const page = async (query: string) => {
    const { body } = await api.call('GET', `/v1/connections/con_1/logs${query}`);
    const { logs, next_cursor } = body as { logs: { code: string }[]; next_cursor: string | null };
    return { codes: logs.map(({ code }) => code), next_cursor };
  };

  it('goes on where a page ended', async () => {
    const first = await page('?limit=2');
    expect(first.codes).toEqual(['c', 'b']);
    const second = await page(`?limit=2&cursor=${first.next_cursor}`);
    expect(second).toEqual({ codes: ['a'], next_cursor: null });
  });

  it('shows what the filters name', async () => {
    expect((await page('?kind=poll&level=info&text=page%20b')).codes).toEqual(['b']);
    expect((await page('?from=2026-01-31T12:00:00Z')).codes).toHaveLength(3);
    expect((await page('?to=2026-01-31T12:00:00Z')).codes).toEqual([]);
  });

  it.each([
    'level=loud',
    'kind=x',
    'from=yesterday',
    'limit=501',
    'cursor=x',
    'text=',
    'x=1',
    'text=%00',
  ])('refuses %s', async (query) => {
    const answer = await api.call('GET', `/v1/connections/con_1/logs?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  });
});
