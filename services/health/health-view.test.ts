// What is shown and measured of checks, and the log of connections. Real: Postgres, embedded and as a server, with its
// row-level security.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { NotFound } from '#schemas/problems.ts';
import { Metrics } from '../metrics/metrics.ts';
import {
  type LogEntry,
  type LogFilter,
  listConnectionLog,
  logConnection,
} from './connection-log.ts';
import { storeChecks, storeConnection } from './health.test-support.ts';
import { shownLine, viewHealth, viewTotals } from './health-view.ts';
import { countChecks, measureHealth } from './measure.ts';

const ACME = { tenantId: 'acme', orgId: null, reach: 'org' } as const;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describeOnEachDatabase('health', (open) => {
  let opened: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    opened = await open();
    database = opened.db;
  });
  afterAll(() => opened.close());
  beforeEach(() => database.query('DELETE FROM connections'));

  const view = (id: string) => viewHealth(forTenant(database, ACME), ACME, id);

  describe('windows', () => {
    it('count exactly what lies in them, and take response times of successful checks', async () => {
      await storeConnection(database, 'con_1');
      await storeConnection(database, 'con_2');
      await storeChecks(database, 'con_1', [
        // 20 of 10 to 200 ms within the hour; one that timed out.
        ...Array.from({ length: 20 }, (_, index) => ({
          agoSeconds: MINUTE * (2 + index),
          durationMs: 10 * (index + 1),
        })),
        { agoSeconds: 59 * MINUTE, durationMs: 10_000, code: 'provider_unavailable' },
        // Just out of the hour, just within the day.
        { agoSeconds: HOUR + 5, durationMs: 900 },
        { agoSeconds: DAY - MINUTE, code: 'credentials_refused' },
        // Just out of the day, just within the week, and out of it.
        { agoSeconds: DAY + 5, durationMs: 5 },
        { agoSeconds: 7 * DAY - MINUTE, durationMs: 4_000 },
        { agoSeconds: 7 * DAY + 5, code: 'provider_unavailable' },
      ]);
      await storeChecks(database, 'con_2', [{ agoSeconds: MINUTE, code: 'provider_refused' }]);
      const { windows, recent_errors } = await view('con_1');
      expect(windows).toEqual([
        {
          window: '1h',
          checks: 21,
          failed: 1,
          uptime: '0.952381',
          error_rate: '0.047619',
          p50_ms: 105,
          // Between the 19th (190) and the 20th (200): 0.95 of 19 steps is 18.05.
          p95_ms: 191,
          max_ms: 200,
        },
        {
          window: '24h',
          checks: 23,
          failed: 2,
          uptime: '0.913043',
          error_rate: '0.086957',
          p50_ms: 110,
          p95_ms: 200,
          max_ms: 900,
        },
        {
          window: '7d',
          checks: 25,
          failed: 2,
          uptime: '0.92',
          error_rate: '0.08',
          p50_ms: 110,
          // Of 23 from 5 to 4,000: nine tenths of the way from 200 to 900.
          p95_ms: 830,
          max_ms: 4_000,
        },
      ]);
      expect(recent_errors.map(({ code }) => code)).toEqual([
        'provider_unavailable',
        'credentials_refused',
        'provider_unavailable',
      ]);
    });

    it('without checks say so', async () => {
      await storeConnection(database, 'con_1');
      const { windows, ...rest } = await view('con_1');
      expect(windows).toHaveLength(3);
      expect(windows[0]).toEqual({
        window: '1h',
        checks: 0,
        failed: 0,
        uptime: null,
        error_rate: null,
        p50_ms: null,
        p95_ms: null,
        max_ms: null,
      });
      expect(rest).toEqual({
        connection_id: 'con_1',
        status: 'unknown',
        reason: 'There has been no check yet.',
        interval_seconds: 300,
        last_check_at: null,
        last_outcome: null,
        next_check_at: null,
        circuit: { state: 'closed', failures_in_a_row: 0, since: null, retry_at: null },
        recent_errors: [],
      });
    });

    it('are whole only when all checks succeeded', async () => {
      await storeConnection(database, 'con_1');
      await database.query(
        `INSERT INTO connection_checks
           (connection_id, tenant_id, checked_at, outcome, duration_ms)
         SELECT 'con_1', 'acme', now() - make_interval(mins => minute),
           CASE WHEN minute = 5 THEN 'failed' ELSE 'ok' END, 100
         FROM generate_series(1, 2000) AS minute`,
      );
      const { windows } = await view('con_1');
      expect(windows[2]).toMatchObject({ checks: 2_000, uptime: '0.9995', error_rate: '0.0005' });
    });
  });

  it('of a failing connection says why, and when it is called again', async () => {
    await storeConnection(database, 'con_1');
    await storeChecks(
      database,
      'con_1',
      Array.from({ length: 12 }, (_, index) => ({
        agoSeconds: MINUTE * index,
        code: `code_${index}`,
      })),
    );
    await database.query(
      `INSERT INTO connection_health (connection_id, tenant_id, circuit, failures_in_a_row,
         opened_at, last_check_at, last_outcome)
       VALUES ('con_1', 'acme', 'open', 7, now(), now(), 'failed')`,
    );
    const { status, reason, circuit, recent_errors } = await view('con_1');
    expect([status, reason]).toEqual(['failing', 'The provider did not answer 7 times in a row.']);
    expect(circuit).toMatchObject({ state: 'open', failures_in_a_row: 7 });
    const waitMs = Date.parse(circuit.retry_at ?? '') - Date.parse(circuit.since ?? '');
    expect(waitMs).toBeGreaterThanOrEqual(96_000);
    expect(waitMs).toBeLessThanOrEqual(144_000);
    expect(recent_errors.map(({ code }) => code)).toEqual(
      Array.from({ length: 10 }, (_, index) => `code_${index}`),
    );
  });

  it('is not shown to others', async () => {
    await storeConnection(database, 'con_one', { orgId: 'one' });
    await expect(view('con_one')).rejects.toBeInstanceOf(NotFound);
    const rival = { tenantId: 'rival', orgId: 'one', reach: 'org' } as const;
    const theirs = viewHealth(forTenant(database, rival), rival, 'con_one');
    await expect(theirs).rejects.toBeInstanceOf(NotFound);
  });

  it('totals count what the organisation sees, by health and by status', async () => {
    const one = { tenantId: 'acme', orgId: 'one', reach: 'org' } as const;
    for (const id of ['con_ok', 'con_new', 'con_off', 'con_gone', 'con_open']) {
      await storeConnection(database, id, { orgId: 'one' });
    }
    await storeConnection(database, 'con_shared');
    await storeConnection(database, 'con_two', { orgId: 'two' });
    await storeConnection(database, 'con_rival', { tenantId: 'rival', orgId: 'one' });
    await database.query("UPDATE connections SET status = 'inactive' WHERE id = 'con_off'");
    await database.query("UPDATE connections SET disconnected_at = now() WHERE id = 'con_gone'");
    await database.query(
      "UPDATE connections SET status = 'error', status_reason = 'health' WHERE id = 'con_open'",
    );
    await database.query(
      `INSERT INTO connection_health (connection_id, tenant_id, org_id, circuit, failures_in_a_row,
         opened_at, last_check_at, last_outcome)
       SELECT id, tenant_id, org_id, CASE id WHEN 'con_open' THEN 'open' ELSE 'closed' END, 5,
         CASE id WHEN 'con_open' THEN now() END, now(), 'ok'
       FROM connections WHERE id <> 'con_new'`,
    );
    expect(await viewTotals(forTenant(database, one), one)).toEqual({
      connections: 6,
      by_health: { healthy: 2, degraded: 0, failing: 1, unknown: 3 },
      by_status: { active: 3, inactive: 1, error: 1, disconnected: 1 },
      circuits_open: 1,
    });
  });

  it('counts connections by status, open circuits, checks that are overdue and made', async () => {
    for (const id of ['con_1', 'con_2', 'con_off', 'con_gone']) await storeConnection(database, id);
    await database.query("UPDATE connections SET status = 'inactive' WHERE id = 'con_off'");
    await database.query(
      "UPDATE connections SET status = 'error', disconnected_at = now() WHERE id = 'con_gone'",
    );
    await database.query(
      `INSERT INTO connection_health (connection_id, tenant_id, next_check_at, circuit)
       SELECT id, tenant_id, now() - interval '6 minutes',
         CASE id WHEN 'con_1' THEN 'half_open' WHEN 'con_2' THEN 'open' ELSE 'closed' END
       FROM connections`,
    );
    const metrics = new Metrics();
    measureHealth(metrics, database);
    countChecks(metrics)('failed');
    const text = await metrics.text();
    const values = text.split('\n').filter((line) => /^tributary_/.test(line));
    expect(values.toSorted()).toEqual([
      'tributary_circuits_open 2',
      'tributary_connections{status="active"} 2',
      'tributary_connections{status="disconnected"} 1',
      'tributary_connections{status="error"} 0',
      'tributary_connections{status="inactive"} 1',
      'tributary_health_checks_overdue 2',
      'tributary_health_checks_total{outcome="failed"} 1',
    ]);
  });

  describe('the log', () => {
    const connection = { id: 'con_1', tenantId: 'acme', orgId: null };
    const entry = (overrides: Partial<LogEntry> = {}): LogEntry => ({
      level: 'warning',
      kind: 'health',
      code: 'check_failed',
      message: 'HubSpot answered 502.',
      ...overrides,
    });
    beforeEach(() => storeConnection(database, 'con_1'));

    const list = async (filter: LogFilter = {}, limit = 50, before?: string) =>
      listConnectionLog(forTenant(database, ACME), connection, filter, { limit, before });

    it('counts what is repeated within a minute', async () => {
      await logConnection(database, connection, entry({ data: { status: 502 } }));
      await logConnection(
        database,
        connection,
        entry({ message: 'another', data: { status: 503 } }),
      );
      await logConnection(database, connection, entry({ code: 'other' }));
      await logConnection(database, connection, entry());
      const lines = (await list()).map(shownLine);
      expect(lines.map(({ code, occurrences }) => [code, occurrences])).toEqual([
        ['other', 1],
        ['check_failed', 3],
      ]);
      expect(lines[1]).toMatchObject({ message: 'HubSpot answered 502.', data: { status: 502 } });
      expect(String(lines[1]?.last_at) >= String(lines[1]?.logged_at)).toBe(true);
      await database.query("UPDATE connection_logs SET logged_at = now() - interval '61 s'");
      await logConnection(database, connection, entry());
      expect((await list()).map(({ code }) => code)).toEqual([
        'check_failed',
        'other',
        'check_failed',
      ]);
    });

    it('holds each change, also one that a tenant writes', async () => {
      const own = forTenant(database, ACME);
      const change = entry({ level: 'info', kind: 'change', code: 'renamed' });
      await logConnection(own, connection, change);
      await logConnection(own, connection, { ...change, message: 'again' });
      expect((await list()).map(({ message }) => message)).toEqual([
        'again',
        'HubSpot answered 502.',
      ]);
      const foreign = { ...connection, tenantId: 'rival' };
      await expect(logConnection(own, foreign, change)).rejects.toMatchObject({ code: '42501' });
    });

    it('has no line of a connection that is gone', async () => {
      await logConnection(database, { ...connection, id: 'con_none' }, entry());
      expect(await database.query('SELECT 1 FROM connection_logs')).toEqual([]);
    });

    it('holds no secret', async () => {
      await logConnection(
        database,
        connection,
        entry({
          message: 'GET https://api.example.com/me?key=hunter2hunter2 with Bearer hunter2hunter2',
          data: { access_token: 'hunter2hunter2', body: '{"refresh_token":"hunter2hunter2"}' },
        }),
      );
      const rows = await database.query('SELECT * FROM connection_logs');
      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toContain('hunter2');
    });

    it('is found by level, kind, time and text, page by page', async () => {
      const lines: readonly Partial<LogEntry>[] = [
        { code: 'a', level: 'info' },
        { code: 'b', kind: 'poll', message: '100% of Zoë’s_pages' },
        { code: 'c', level: 'error', kind: 'poll' },
        { code: 'd' },
        { code: 'e' },
      ];
      for (const [index, line] of lines.entries()) {
        await logConnection(database, connection, entry(line));
        // A minute apart, the last one now.
        await database.query(
          `UPDATE connection_logs SET logged_at = '2026-01-31T12:00:00Z'::timestamptz
             + make_interval(mins => $2) WHERE code = $1`,
          [line.code, index],
        );
      }
      await storeConnection(database, 'con_2');
      await logConnection(database, { ...connection, id: 'con_2' }, entry({ code: 'not shown' }));
      const codes = async (filter: LogFilter) =>
        (await list(filter)).map(({ code }) => code).join('');
      expect(await codes({})).toBe('edcba');
      expect(await codes({ level: 'warning' })).toBe('edb');
      expect(await codes({ kind: 'poll' })).toBe('cb');
      expect(await codes({ kind: 'poll', level: 'error' })).toBe('c');
      expect(await codes({ from: '2026-01-31T12:01:00Z', to: '2026-01-31T13:03:00+01:00' })).toBe(
        'cb',
      );
      expect(await codes({ text: 'OF ZO' })).toBe('b');
      expect(await codes({ text: '0%' })).toBe('b');
      expect(await codes({ text: 'answered_502' })).toBe('');
      const first = await list({ kind: 'health' }, 2);
      expect(first.map(({ code }) => code)).toEqual(['e', 'd']);
      const rest = await list({ kind: 'health' }, 2, first[1]?.id);
      expect(rest.map(({ code }) => code)).toEqual(['a']);
    });
  });
});
