// /v1/audit over DuckDB and Postgres (PGlite); see api-app.ts for what is real. What an audit finds is
// asserted in tests/audit.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTBOX } from '#schemas/tables.ts';
import { auditReportSchema } from '#services/audit/audit-report.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { beginLedgerEarly, subscribe } from '../ledger/safety-net.ts';
import { type ApiApp, openApi, TENANT } from './api-app.ts';

let stack: AsyncDisposableStack;
let api: ApiApp;

const MINUTE_MS = 60_000;
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS).toISOString();
const RECENT = ago(10);

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  await beginLedgerEarly(api.database);
  await subscribe(api.database, 'commission');
  const old = testEvent(1, { tenant_id: TENANT, received_at: ago(120) });
  await api.warehouse.append(OUTBOX.name, [eventToRow(old)]);
});
afterAll(() => stack.disposeAsync());

describe('GET /v1/audit', () => {
  it('audits the last hour, and the minute under way', async () => {
    const { status, body } = await api.call('GET', '/v1/audit');
    expect(status).toBe(200);
    const report = auditReportSchema.parse(body);
    expect(report).toMatchObject({ verdict: 'proved', grace_minutes: 10, missing: [] });
    expect(Date.parse(report.to)).toBeGreaterThan(Date.now() - MINUTE_MS);
    const minutes = (Date.parse(report.to) - Date.parse(report.from)) / MINUTE_MS;
    expect([60, 61]).toContain(minutes);
  });

  it('takes a range of any zone, by whole minutes, and not beyond now', async () => {
    const from = ago(150).replace(/\.\d+Z$/, '.500Z');
    const zoned = `${from.slice(0, -1)}+00:00`.replace('+', '%2B');
    const { body } = await api.call('GET', `/v1/audit?from=${zoned}&to=${ago(-500)}&limit=1`);
    const report = auditReportSchema.parse(body);
    expect(report.from).toBe(`${from.slice(0, 16)}:00.000Z`);
    expect(Date.parse(report.to)).toBeLessThan(Date.now() + 2 * MINUTE_MS);
    expect(report).toMatchObject({
      verdict: 'missing',
      totals: { outboxed: 1, consumed: { commission: 0 } },
      missing: [{ kind: 'not_consumed', consumer: 'commission' }],
    });
  });

  it.each([
    'from=yesterday',
    'to=2026-01-31',
    'limit=0',
    'limit=1001',
    'limit=ten',
    'grace_minutes=-1',
    'grace_minutes=1441',
    `from=${RECENT}&to=${RECENT}`,
    `from=${ago(10)}&to=${ago(20)}`,
    `from=${ago(-10)}`,
    `from=${ago(-10)}&to=${ago(-20)}`,
    `from=${ago(32 * 24 * 60)}`,
    'from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:01Z',
  ])('refuses %s', async (query) => {
    const answer = await api.call('GET', `/v1/audit?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
