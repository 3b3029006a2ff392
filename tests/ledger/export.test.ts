// The export of Postgres' counts. Real: the counts in Postgres, embedded and as a server, and DuckDB,
// asked as the audit asks it. Doubled: a warehouse that is away. Asserted: what the ledger reads after
// each pass, and how many rows it took.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import { CONSUMERS, LEDGER_COUNTS } from '#schemas/tables.ts';
import { OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { ledgerExport } from '#services/tasks/ledger-export.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';
import {
  beginLedgerEarly,
  consumed,
  deadLetter,
  resolved,
  spooled,
  subscribe,
} from './safety-net.ts';

const KEEP_DAYS = 14;
const MINUTE_MS = 60_000;
/** A minute of an hour ago. */
const BASE_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;
const at = (minutes: number, ms = 0) => new Date(BASE_MS + minutes * MINUTE_MS + ms).toISOString();

let stack: AsyncDisposableStack;
let database: Database;
let warehouse: Warehouse;
let appended: { table: string; rows: readonly Row[] }[];
let fault: Error | undefined;
let nextIndex = 0;

const entry = (consumer: string, received_at: string | null, tenant_id = 'acme') => {
  nextIndex += 1;
  return { consumer, event_id: testEvent(nextIndex).event_id, tenant_id, received_at };
};

const pass = () => ledgerExport({ database, warehouse, keepDays: KEEP_DAYS })();

/** What the ledger reads of a tenant: `measure consumer hh:mm: total`. */
async function ledger(tenant_id = 'acme'): Promise<Record<string, number>> {
  const rows = await warehouse.query<Row>('ledger-counts', {
    tenant_id,
    from_time: new Date(BASE_MS - 40 * 86_400_000).toISOString(),
    to_time: at(120),
  });
  return Object.fromEntries(
    rows.map(({ measure, consumer, minute, total }) => [
      `${measure}${consumer === null ? '' : ` ${consumer}`} ${(Date.parse(String(minute)) - BASE_MS) / MINUTE_MS}`,
      Number(total),
    ]),
  );
}

const rowsWritten = () =>
  appended.filter(({ table }) => table === LEDGER_COUNTS.name).flatMap(({ rows }) => rows).length;

describeOnEachDatabase('the export of the ledger', (open) => {
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    await beginLedgerEarly(database);
  });
  afterAll(() => stack.disposeAsync());
  beforeEach(async () => {
    for (const table of [
      'processed_events',
      'resolved_observations',
      'consumers',
      'dead_letters',
      'spooled_events',
      'spool_ledger',
      'ledger_exports',
      'ledger_exported_consumers',
      'leases',
    ]) {
      await database.query(`DELETE FROM ${table}`);
    }
    await database.query('UPDATE ledger_progress SET exported_through = now()');
    const duckDb = await temporaryWarehouse(stack);
    fault = undefined;
    appended = [];
    warehouse = {
      append: async (table, rows) => {
        if (fault) throw fault;
        appended.push({ table, rows });
        await duckDb.append(table, rows);
      },
      query: (name, params) => duckDb.query(name, params),
      stream: (name, params) => duckDb.stream(name, params),
      streamBounds: duckDb.streamBounds,
      check: () => duckDb.check(),
      close: () => duckDb.close(),
    };
  });

  it('counts what each consumer consumed by minute of receipt, and the resolver too', async () => {
    await consumed(database, entry('commission', at(0)));
    await consumed(database, entry('commission', at(0, 59_999)));
    await consumed(database, entry('commission', at(1)));
    await consumed(database, entry('directory', at(1)));
    await consumed(database, entry('directory', at(1), 'globex'));
    await resolved(database, entry('', at(2)));
    // Consumed before anybody noted when events were received.
    await consumed(database, entry('commission', null));
    expect(await pass()).toEqual({ consumers: 1, counts: 5 });
    expect(await ledger()).toEqual({
      'consumed commission 0': 2,
      'consumed commission 1': 1,
      'consumed directory 1': 1,
      'consumed resolver 2': 1,
    });
    expect(await ledger('globex')).toEqual({ 'consumed directory 1': 1 });
  });

  it('writes only minutes that have changed, and what comes late changes an old minute', async () => {
    await consumed(database, entry('commission', at(0)));
    await consumed(database, entry('commission', at(1)));
    await pass();
    expect(await pass()).toEqual({ consumers: 0, counts: 0 });
    await consumed(database, entry('commission', at(0, 1)));
    expect(await pass()).toMatchObject({ counts: 1 });
    expect(await ledger()).toEqual({ 'consumed commission 0': 2, 'consumed commission 1': 1 });
  });

  it('sees an entry whose transaction ended after a pass had gone by its time', async () => {
    await pass();
    await consumed(database, entry('commission', at(0)), 600);
    await pass();
    expect(await ledger()).toEqual({ 'consumed commission 0': 1 });
  });

  it('makes up for days without a pass, step by step', async () => {
    await database.query(
      "UPDATE ledger_progress SET exported_through = now() - interval '30 hours'",
    );
    await consumed(database, entry('commission', at(-29 * 60)), 29 * 3_600);
    await consumed(database, entry('commission', at(-10 * 60)), 10 * 3_600);
    await consumed(database, entry('commission', at(0)));
    await pass();
    expect(Object.values(await ledger())).toEqual([1, 1, 1]);
    expect(await pass()).toMatchObject({ counts: 0 });
  });

  it('makes up for a pass that failed, and for one that was killed before it noted what it wrote', async () => {
    await consumed(database, entry('commission', at(0)));
    fault = new WarehouseUnavailable('The warehouse is away.');
    await expect(pass()).rejects.toThrow('away');
    fault = undefined;
    await pass();
    await database.query('DELETE FROM ledger_exports');
    await consumed(database, entry('commission', at(0)));
    await pass();
    expect(await ledger()).toEqual({ 'consumed commission 0': 2 });
  });

  it('counts what was spooled for ever, and what waits until it waits no more', async () => {
    await spooled(database, entry('', at(0)));
    await spooled(database, entry('', at(0)));
    await pass();
    expect(await ledger()).toEqual({ 'spooled 0': 2, 'spool_waiting 0': 2 });
    await database.query('DELETE FROM spooled_events');
    await pass();
    expect(await ledger()).toEqual({ 'spooled 0': 2, 'spool_waiting 0': 0 });
    const before = rowsWritten();
    await pass();
    expect(rowsWritten()).toBe(before);
  });

  it('counts dead letters, and those that the consumer has not consumed after all', async () => {
    const [retrying, opened, again, dropped, done] = Array.from({ length: 5 }, () =>
      entry('commission', at(0)),
    );
    for (const [one, state] of [
      [retrying, 'retrying'],
      [opened, 'open'],
      [again, 'retried'],
      [dropped, 'dropped'],
      [done, 'resolved'],
    ] as const) {
      if (one) await deadLetter(database, one, state);
    }
    if (done) await consumed(database, done);
    await pass();
    expect(await ledger()).toEqual({
      'consumed commission 0': 1,
      'dead_lettered commission 0': 4,
      'set_aside commission 0': 4,
    });
    if (again) await consumed(database, again);
    await pass();
    expect(await ledger()).toMatchObject({
      'consumed commission 0': 2,
      'set_aside commission 0': 3,
    });
  });

  it('leaves minutes alone that the clean-up may have touched', async () => {
    await consumed(database, entry('commission', at(-KEEP_DAYS * 24 * 60)));
    await spooled(database, entry('', at(-KEEP_DAYS * 24 * 60)));
    expect(await pass()).toMatchObject({ counts: 0 });
  });

  it('tells who consumes, once, and who is gone', async () => {
    await subscribe(database, 'directory', '2026-02-01T00:00:00.000Z');
    // Nobody is asked for what was received before the ledger began.
    await subscribe(database, 'old', '2025-02-01T00:00:00.000Z');
    expect(await pass()).toMatchObject({ consumers: 3 });
    expect(await pass()).toMatchObject({ consumers: 0 });
    await database.query("DELETE FROM consumers WHERE name = 'old'");
    expect(await pass()).toMatchObject({ consumers: 1 });
    const rows = appended
      .filter(({ table }) => table === CONSUMERS.name)
      .flatMap((one) => one.rows);
    const began = '2026-01-01T00:00:00.000Z';
    expect(rows).toMatchObject([
      { consumer: 'directory', subscribed_at: '2026-02-01T00:00:00.000Z', active: true },
      { consumer: 'old', subscribed_at: began, active: true },
      { consumer: 'resolver', topic: OBSERVATIONS_TOPIC, subscribed_at: began, active: true },
      { consumer: 'old', active: false },
    ]);
  });

  it('writes more counts than fit a page', async () => {
    await database.query(
      `INSERT INTO processed_events (consumer, event_id, tenant_id, received_at)
       SELECT 'commission', gen_random_uuid(), 'acme', $1::timestamptz + make_interval(mins => i)
       FROM generate_series(1, 4500) AS i`,
      [at(-6_000)],
    );
    expect(await pass()).toMatchObject({ counts: 4_500 });
    expect(Object.values(await ledger())).toHaveLength(4_500);
    expect(Math.max(...appended.map(({ rows }) => rows.length))).toBeLessThanOrEqual(2_000);
  });

  it('does nothing while another process is at it', async () => {
    await database.query(
      "INSERT INTO leases VALUES ('ledger-export', gen_random_uuid(), now() + interval '1 minute')",
    );
    expect(await pass()).toEqual({ skipped: 'another process is at it' });
  });
});
