// Real: the request log. Doubled: the warehouse, which remembers what it is given, and the clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Row } from '#platform/warehouse/warehouse.ts';
import { WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { FakeWarehouse } from '../outbox/fakes.test-support.ts';
import { type LoggedRequest, RequestLog } from './request-log.ts';

const WINDOW_MS = 60_000;
const FLUSH_MS = 1_000;

function logged(index: number, overrides: Partial<LoggedRequest> = {}): LoggedRequest {
  return {
    requestId: String(index),
    receivedAt: '2026-01-31T12:00:00.000Z',
    tenantId: 'acme',
    orgId: null,
    connectionId: 'con_1',
    provider: 'hubspot',
    outcome: 'rejected',
    reason: 'signature_mismatch',
    detail: 'The request could not be verified.',
    httpStatus: 401,
    bodyBytes: 100,
    remoteAddress: '192.0.2.1',
    ...overrides,
  };
}

let warehouse: FakeWarehouse;
let errors: string[];
let log: RequestLog;

beforeEach(() => {
  vi.useFakeTimers();
  warehouse = new FakeWarehouse();
  errors = [];
  log = new RequestLog({ warehouse, onError: (message) => errors.push(message) });
});
afterEach(async () => {
  await log.close();
  vi.useRealTimers();
});

const rows = (): Row[] => warehouse.rowsOf(WEBHOOK_REQUESTS.name);
const occurrences = () => rows().reduce((sum, row) => sum + Number(row.occurrences), 0);

describe('request log', () => {
  it('writes a request in full within a second', async () => {
    log.record(logged(1));
    expect(rows()).toEqual([]);
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    expect(rows()).toEqual([
      {
        request_id: '1',
        received_at: '2026-01-31T12:00:00.000Z',
        tenant_id: 'acme',
        org_id: null,
        connection_id: 'con_1',
        provider: 'hubspot',
        outcome: 'rejected',
        reason: 'signature_mismatch',
        detail: 'The request could not be verified.',
        http_status: 401,
        body_bytes: 100,
        remote_address: '192.0.2.1',
        occurrences: 1,
      },
    ]);
  });

  it('makes of a flood of 100,000 some rows in full and one with a count', async () => {
    for (let index = 0; index < 100_000; index += 1) log.record(logged(index));
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
    expect(rows()).toHaveLength(21);
    expect(rows().map((row) => row.occurrences)).toEqual([...Array(20).fill(1), 99_980]);
    expect(rows().at(-1)).toMatchObject({ reason: 'signature_mismatch', connection_id: 'con_1' });
  });

  it('counts a flood that lasts for each window', async () => {
    for (let second = 0; second < 180; second += 1) {
      for (let index = 0; index < 500; index += 1) log.record(logged(index));
      await vi.advanceTimersByTimeAsync(FLUSH_MS);
    }
    expect(rows()).toHaveLength(3 * 21);
    expect(occurrences()).toBe(180 * 500);
  });

  it('tells reasons, outcomes, providers and connections apart, so that none hides another', async () => {
    const kinds: Partial<LoggedRequest>[] = [
      {},
      { reason: 'timestamp_stale' },
      { outcome: 'skipped' },
      { provider: 'custom' },
      { connectionId: 'con_2' },
      { connectionId: null, tenantId: null },
    ];
    for (let index = 0; index < 300; index += 1) {
      for (const kind of kinds) log.record(logged(index, kind));
    }
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
    expect(rows()).toHaveLength(kinds.length * 21);
    expect(occurrences()).toBe(kinds.length * 300);
  });

  it('stays within bounds when a flood has 100,000 kinds, and every request counts', async () => {
    let largest = 0;
    for (let index = 0; index < 100_000; index += 1) {
      log.record(logged(index, { connectionId: `con_${index}`, tenantId: `tenant_${index}` }));
      if (index % 10_000 === 0) await vi.advanceTimersByTimeAsync(FLUSH_MS);
    }
    await log.close();
    for (const one of warehouse.appended) largest = Math.max(largest, one.rows.length);
    expect(rows().length).toBeLessThanOrEqual(2_000 + 21);
    expect(largest).toBeLessThanOrEqual(2_000 + 21);
    expect(occurrences()).toBe(100_000);
    // The row that stands for many names no tenant: it is not about the first of them alone.
    const [rest, ...more] = rows().filter((row) => Number(row.occurrences) > 1);
    expect(more).toEqual([]);
    expect(rest).toMatchObject({ tenant_id: null, connection_id: null, reason: 'various' });
  });

  it('stays within bounds while the warehouse does not answer, and catches up', async () => {
    warehouse.fate = 'hang';
    for (let second = 0; second < 300; second += 1) {
      for (let index = 0; index < 200; index += 1) log.record(logged(index));
      await vi.advanceTimersByTimeAsync(FLUSH_MS);
    }
    expect(rows().length).toBeLessThanOrEqual(21);
    warehouse.fate = 'confirm';
    warehouse.calls.release();
    await vi.advanceTimersByTimeAsync(WINDOW_MS);
    expect(rows().length).toBeLessThanOrEqual(21);
    expect(occurrences()).toBe(300 * 200);
  });

  it('says so when rows cannot be written, and goes on', async () => {
    warehouse.fate = 'refuse';
    log.record(logged(1));
    log.record(logged(2));
    await log.flush();
    expect(errors).toEqual(['2 rows of the request log could not be written.']);
    warehouse.fate = 'confirm';
    log.record(logged(3));
    await log.flush();
    expect(rows().at(-1)).toMatchObject({ request_id: '3' });
  });

  it('has written everything when a flush returns, also what another one had begun', async () => {
    warehouse.fate = 'hang';
    log.record(logged(1));
    const first = log.flush();
    await vi.advanceTimersByTimeAsync(0);
    let returned = false;
    const second = log.flush().then(() => {
      returned = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(returned).toBe(false);
    warehouse.calls.release();
    await Promise.all([first, second]);
  });

  it('writes the counts when it is closed, and nothing after that', async () => {
    for (let index = 0; index < 50; index += 1) log.record(logged(index));
    await log.close();
    expect(occurrences()).toBe(50);
    expect(vi.getTimerCount()).toBe(0);
  });
});
