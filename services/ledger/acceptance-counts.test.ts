// Real: the counting. Doubled: the warehouse, whose confirmations the test decides on, and accept where
// its answer matters. Asserted: what the rows that were written add up to, as the loss ledger reads them.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CanonicalEvent } from '#schemas/event.ts';
import { NotDurable } from '#schemas/problems.ts';
import { LEDGER_COUNTS } from '#schemas/tables.ts';
import { createAccept } from '../outbox/accept.ts';
import { testEvent } from '../outbox/events.test-support.ts';
import { acceptParts, FakeBus, FakeWarehouse } from '../outbox/fakes.test-support.ts';
import { AcceptanceCounts } from './acceptance-counts.ts';
import { countedAccept } from './counted-accept.ts';

const FLUSH_MS = 5_000;
const MINUTES_MS = 60_000;
const NOON = Date.UTC(2026, 0, 31, 12);

let warehouse: FakeWarehouse;
let errors: string[];
let counts: AcceptanceCounts;
const opened: AcceptanceCounts[] = [];

function open(maxEntries = 1_000): AcceptanceCounts {
  const one = new AcceptanceCounts({
    warehouse,
    onError: (message) => void errors.push(message),
    flushMs: FLUSH_MS,
    maxEntries,
    clock: () => Date.now(),
  });
  opened.push(one);
  return one;
}

/** What the ledger reads: of each reporter the row recorded last, added up. */
function ledger(): Record<string, number> {
  const latest = new Map<string, { key: string; total: number; recordedAt: string }>();
  for (const row of warehouse.rowsOf(LEDGER_COUNTS.name)) {
    const minute = String(row.minute).slice(11, 16);
    const key = `${row.measure} ${row.tenant_id} ${minute}`;
    const recordedAt = String(row.recorded_at);
    const known = latest.get(`${key} ${row.reporter}`);
    if (known && known.recordedAt >= recordedAt) continue;
    latest.set(`${key} ${row.reporter}`, { key, total: Number(row.total), recordedAt });
  }
  const sums: Record<string, number> = {};
  for (const { key, total } of latest.values()) sums[key] = (sums[key] ?? 0) + total;
  return sums;
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
  warehouse = new FakeWarehouse();
  errors = [];
  counts = open();
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

describe('acceptance counts', () => {
  it('belong to the minute of receipt, whose end is the beginning of the next', async () => {
    for (const ms of [0, 59_999, 60_000, 119_999, 120_000]) {
      counts.add('events_accepted', 'acme', NOON + ms, 1);
    }
    await counts.flush();
    expect(ledger()).toEqual({
      'events_accepted acme 12:00': 2,
      'events_accepted acme 12:01': 2,
      'events_accepted acme 12:02': 1,
    });
  });

  it('keep measures and tenants apart', async () => {
    counts.add('events_accepted', 'acme', NOON, 3);
    counts.add('events_accepted', 'acme 1', NOON, 2);
    counts.add('requests_accepted', 'acme', NOON, 1);
    counts.add('events_resolved', 'acme', NOON, 4);
    await counts.flush();
    expect(ledger()).toEqual({
      'events_accepted acme 12:00': 3,
      'events_accepted acme 1 12:00': 2,
      'requests_accepted acme 12:00': 1,
      'events_resolved acme 12:00': 4,
    });
  });

  it('are written every few seconds as they stand, and not again until they change', async () => {
    counts.add('events_accepted', 'acme', NOON, 1);
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    counts.add('events_accepted', 'acme', NOON, 1);
    await vi.advanceTimersByTimeAsync(FLUSH_MS * 3);
    expect(warehouse.rowsOf(LEDGER_COUNTS.name).map(({ total }) => total)).toEqual([1, 2]);
    expect(ledger()).toEqual({ 'events_accepted acme 12:00': 2 });
  });

  it('are made up for by a later flush when one fails, and told of once', async () => {
    counts.add('events_accepted', 'acme', NOON, 5);
    warehouse.fate = 'refuse';
    await vi.advanceTimersByTimeAsync(FLUSH_MS * 4);
    counts.add('events_accepted', 'acme', NOON, 2);
    expect(errors).toEqual([
      'Counts of the loss ledger could not be written; they are kept and tried again.',
    ]);
    warehouse.fate = 'confirm';
    await vi.advanceTimersByTimeAsync(FLUSH_MS);
    expect(warehouse.rowsOf(LEDGER_COUNTS.name).at(-1)).toMatchObject({ total: 7 });
    // Rows of a refused append may have been written all the same: the sum is the same.
    expect(ledger()).toEqual({ 'events_accepted acme 12:00': 7 });
  });

  it('count on while a write is under way', async () => {
    counts.add('events_accepted', 'acme', NOON, 1);
    warehouse.fate = 'hang';
    const first = counts.flush();
    await vi.advanceTimersByTimeAsync(1);
    counts.add('events_accepted', 'acme', NOON, 1);
    warehouse.fate = 'confirm';
    warehouse.calls.release();
    await first;
    await counts.flush();
    expect(ledger()).toEqual({ 'events_accepted acme 12:00': 2 });
  });

  it('are all written at the end', async () => {
    counts.add('requests_accepted', 'acme', NOON, 1);
    await counts.close();
    expect(ledger()).toEqual({ 'requests_accepted acme 12:00': 1 });
  });

  it('do not hold up the end when the warehouse is away', async () => {
    counts.add('requests_accepted', 'acme', NOON, 1);
    warehouse.fate = 'hang';
    const closed = counts.close();
    await vi.advanceTimersByTimeAsync(2_000);
    await closed;
  });

  it('of a killed process are lost since its last flush, and those of the others are not', async () => {
    const other = open();
    counts.add('events_accepted', 'acme', NOON, 3);
    other.add('events_accepted', 'acme', NOON, 10);
    await Promise.all([counts.flush(), other.flush()]);
    counts.add('events_accepted', 'acme', NOON, 1);
    // `counts` ends here, without a word.
    const restarted = open();
    restarted.add('events_accepted', 'acme', NOON, 2);
    await restarted.flush();
    expect(ledger()).toEqual({ 'events_accepted acme 12:00': 15 });
  });

  it('that were forgotten begin anew beside what is written', async () => {
    counts.add('events_accepted', 'acme', NOON, 3);
    await counts.flush();
    await vi.advanceTimersByTimeAsync(10 * MINUTES_MS);
    counts.add('events_accepted', 'acme', NOON, 1);
    await counts.flush();
    expect(ledger()).toEqual({ 'events_accepted acme 12:00': 4 });
  });

  it('take no more memory than they may, and tell of it once', async () => {
    const small = open(2);
    for (let minute = 0; minute < 5; minute += 1) {
      small.add('events_accepted', 'acme', NOON + minute * MINUTES_MS, 1);
    }
    small.add('events_accepted', 'acme', NOON, 1);
    await small.flush();
    expect(errors).toHaveLength(1);
    expect(ledger()).toEqual({
      'events_accepted acme 12:00': 2,
      'events_accepted acme 12:01': 1,
    });
  });

  it('stay in order when the clock of the machine is set back', async () => {
    counts.add('events_accepted', 'acme', NOON, 1);
    await counts.flush();
    vi.setSystemTime(NOON - 3_600_000);
    counts.add('events_accepted', 'acme', NOON, 1);
    await counts.flush();
    expect(ledger()).toEqual({ 'events_accepted acme 12:00': 2 });
  });
});

describe('an accept that is counted', () => {
  const accept = (fake = warehouse) =>
    countedAccept(
      createAccept({ ...acceptParts(), bus: new FakeBus(false), warehouse: fake }),
      counts,
    );
  const at = (index: number, receivedAtMs: number, more: Partial<CanonicalEvent> = {}) =>
    testEvent(index, { received_at: new Date(receivedAtMs).toISOString(), ...more });
  const total = async () => {
    await counts.flush();
    return ledger();
  };

  it('counts what was accepted, and no duplicate', async () => {
    const take = accept();
    expect(await take([at(1, NOON), at(2, NOON)])).toEqual({ accepted: 2, duplicates: 0 });
    expect(await take([at(1, NOON + 1), at(3, NOON + 1)])).toEqual({ accepted: 1, duplicates: 1 });
    await take([]);
    expect(await total()).toEqual({ 'events_accepted acme 12:00': 3 });
  });

  it('counts a change that is accepted again at a later time, as the outbox has it twice', async () => {
    await accept()([at(1, NOON)]);
    await accept()([at(1, NOON + 61_000)]);
    expect(await total()).toEqual({
      'events_accepted acme 12:00': 1,
      'events_accepted acme 12:01': 1,
    });
  });

  it('counts an id once that comes twice within a millisecond', async () => {
    const take = accept();
    await Promise.all([take([at(1, NOON), at(1, NOON)]), take([at(1, NOON)]), take([at(2, NOON)])]);
    expect(await total()).toEqual({ 'events_accepted acme 12:00': 2 });
  });

  it('counts nothing that was not answered', async () => {
    warehouse.fate = 'refuse';
    await expect(accept()([at(1, NOON)])).rejects.toBeInstanceOf(NotDurable);
    warehouse.fate = 'confirm';
    expect(await total()).toEqual({});
  });

  it('counts what the resolver made of observations apart', async () => {
    const { metadata } = testEvent(1);
    const resolved = { metadata: { ...metadata, observation_id: testEvent(2).event_id } };
    await accept()([at(1, NOON, resolved)]);
    expect(await total()).toEqual({ 'events_resolved acme 12:00': 1 });
  });
});
