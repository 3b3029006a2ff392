// Whether a provider is ready, asked over the API; see api-app.ts for what is real.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OUTBOX, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import type { Finding } from '#services/readiness/finding.ts';
import { type ApiApp, openApi } from './api-app.ts';

const SECRET = 'a-signing-secret-nobody-may-see';

let stack: AsyncDisposableStack;
let api: ApiApp;
let id: string;
let secretRef: string;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  for (const table of ['connections', 'connection_changes', 'canaries', 'consumers']) {
    await api.database.query(`DELETE FROM ${table}`);
  }
  const body = { provider: 'hubspot', name: 'main', secret: SECRET };
  const created = await api.call('POST', '/v1/connections', body);
  id = String(created.body.id);
  secretRef = String(created.body.secret_ref);
});

type Line = Omit<Finding, 'connectionId'> & { readonly connection_id: string | null };

async function ask(query = '') {
  const { status, body, text } = await api.call('GET', `/v1/readiness/hubspot${query}`);
  const findings = (body.findings ?? []) as Line[];
  const line = (check: string) => findings.find((one) => one.check === check);
  return { status, decision: body.decision, gaps: body.gaps as Line[], findings, line, text };
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

const webhookCame = (at: Date, index = 1) =>
  api.warehouse.append(OUTBOX.name, [
    eventToRow(testEvent(index, { connection_id: id, received_at: at.toISOString() })),
  ]);
const requestRefused = (at: Date) =>
  api.warehouse.append(WEBHOOK_REQUESTS.name, [
    {
      request_id: crypto.randomUUID(),
      ...{ received_at: at.toISOString(), tenant_id: 'acme', org_id: null, connection_id: id },
      ...{ provider: 'hubspot', outcome: 'rejected', reason: 'signature_mismatch', detail: null },
      ...{ http_status: 401, body_bytes: 1, remote_address: null, occurrences: 1 },
    },
  ]);
const canaryCame = (sentAt: Date, arrived = true) =>
  api.database.query(
    `INSERT INTO canaries (event_id, tenant_id, connection_id, sent_at, outboxed, published, consumed_at)
     VALUES (gen_random_uuid(), 'acme', $1, $2, true, $3, $4)`,
    [id, sentAt, arrived, arrived ? sentAt : null],
  );
const consumerRuns = () =>
  api.database.query(
    `INSERT INTO consumers (name, topic) VALUES ('directory', 'integration-events')`,
  );

describe('a provider that is set up', () => {
  it('is ready, with evidence for each precondition', async () => {
    await webhookCame(minutesAgo(1));
    await canaryCame(minutesAgo(2));
    await consumerRuns();
    await api.database.query('DELETE FROM connection_changes');
    const { decision, gaps, findings, text } = await ask();
    expect([decision, gaps]).toEqual(['ready', []]);
    expect(findings.map(({ check, state }) => [check, state])).toEqual([
      ['adapter', 'ok'],
      ['poll_cursor', 'not_applicable'],
      ['connection', 'ok'],
      ['webhook_secret', 'ok'],
      ['credentials', 'not_applicable'],
      ['org_scope', 'ok'],
      ['outbox', 'ok'],
      ['bus', 'ok'],
      ['whole_way', 'ok'],
      ['registration', 'not_applicable'],
      ['last_verified', 'ok'],
      ['contracts', 'ok'],
      ['health', 'not_applicable'],
      ['alerts', 'ok'],
    ]);
    expect(findings.every(({ evidence }) => evidence.length > 10)).toBe(true);
    expect(text).not.toContain(SECRET);
  });
});

interface Case {
  readonly name: string;
  readonly before?: () => Promise<unknown>;
  readonly query?: string;
  readonly check: string;
  readonly state: Finding['state'];
  readonly says: string;
}

const cases: readonly Case[] = [
  {
    name: 'no connection',
    before: () => api.database.query('DELETE FROM connections'),
    check: 'connection',
    state: 'gap',
    says: 'has no connection of HubSpot',
  },
  {
    name: 'a disabled connection',
    before: () => api.call('PATCH', `/v1/connections/${id}`, { status: 'inactive' }),
    check: 'connection',
    state: 'gap',
    says: 'Somebody disabled it',
  },
  {
    name: 'a secret that is gone',
    before: async () => {
      for (const { version } of await api.secrets.versions(secretRef)) {
        await api.secrets.destroy(secretRef, version);
      }
    },
    check: 'webhook_secret',
    state: 'gap',
    says: 'no enabled version',
  },
  {
    name: 'no webhook so far',
    check: 'last_verified',
    state: 'gap',
    says: 'No webhook was verified',
  },
  {
    name: 'a webhook refused last',
    before: async () => {
      await webhookCame(minutesAgo(30));
      await requestRefused(minutesAgo(10));
    },
    check: 'last_verified',
    state: 'gap',
    says: 'signature_mismatch',
  },
  {
    name: 'a webhook verified after one that was refused',
    before: async () => {
      await requestRefused(minutesAgo(9));
      await webhookCame(minutesAgo(5), 2);
    },
    check: 'last_verified',
    state: 'ok',
    says: 'was received and verified',
  },
  { name: 'no canary so far', check: 'whole_way', state: 'warning', says: 'was sent yet' },
  {
    name: 'canaries that do not arrive',
    before: () => canaryCame(minutesAgo(3), false),
    check: 'whole_way',
    state: 'warning',
    says: 'stored, not carried, not consumed',
  },
  {
    name: 'canaries that stopped arriving',
    before: () => canaryCame(minutesAgo(60)),
    check: 'whole_way',
    state: 'gap',
    says: 'stored, carried, consumed',
  },
  {
    name: 'the polling path',
    query: '?path=poll',
    check: 'adapter',
    state: 'gap',
    says: 'is not polled',
  },
  {
    name: 'alerts that are late',
    before: () =>
      api.database.query(
        `UPDATE connection_changes SET change = change || '{"changed_at": "2026-01-01T00:00:00Z"}'`,
      ),
    check: 'alerts',
    state: 'gap',
    says: 'have waited',
  },
  { name: 'nobody who consumes', check: 'alerts', state: 'warning', says: 'no consumer' },
  {
    name: 'settings of its own',
    before: () =>
      api.database.query(
        `UPDATE connections SET settings = '{"target_url":"https://elsewhere.example.com/x","portal_id":"1"}'`,
      ),
    check: 'contracts',
    state: 'ok',
    says: 'became valid events',
  },
  {
    name: 'settings that no longer fit',
    before: () => api.database.query(`UPDATE connections SET settings = '{"colour":"red"}'`),
    check: 'contracts',
    state: 'gap',
    says: 'do not fit HubSpot',
  },
];

describe('is told of', () => {
  it.each(cases)('$name', async ({ before, query, check, state, says }) => {
    await before?.();
    const { decision, line } = await ask(query);
    expect(line(check)).toMatchObject({ state, evidence: expect.stringContaining(says) });
    if (state === 'gap') expect(decision).toBe('not_ready');
    if (state === 'gap') expect(line(check)?.next).toBeTruthy();
  });

  it('what could not be looked at, which is not ready', async () => {
    const check = api.bus.check;
    api.bus.check = () => Promise.reject(new Error('password=hunter2'));
    const { decision, line, text } = await ask().finally(() => {
      api.bus.check = check;
    });
    expect([decision, line('outbox')?.state]).toEqual(['not_ready', 'unknown']);
    expect(text).not.toContain('hunter2');
  });

  it.each([
    { url: '/v1/readiness/nothing', status: 404 },
    { url: '/v1/readiness/hubspot?connection_id=con_none', status: 404 },
    { url: '/v1/readiness/hubspot?path=sideways', status: 400 },
  ])('$url: $status', async ({ url, status }) => {
    expect((await api.call('GET', url)).status).toBe(status);
  });
});
