// Real: the spool in Postgres, embedded and as a server. Asserted: what enters leaves as it was and in
// its order, the bound is exact, and a crash in between repeats but loses nothing.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database, Queryable } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { DatabaseUnavailable, SpoolFull } from '#schemas/problems.ts';
import { canonicalEvents, testEvent } from '#services/outbox/events.test-support.ts';
import { Spool } from '#services/spool/spool.ts';

const MIB = 1024 ** 2;
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => testEvent(from + index));

describeOnEachDatabase('the spool', (open) => {
  let opened: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    opened = await open();
    database = opened.db;
  });
  afterAll(() => opened.close());
  beforeEach(async () => {
    await database.query('DELETE FROM spooled_events');
    await database.query('DELETE FROM spool_ledger');
    await database.query('UPDATE spool_usage SET events = 0, bytes = 0');
  });

  const newSpool = (maxBytes = MIB, of: Database = database) =>
    new Spool({ database: of, maxBytes });

  async function drained(spool: Spool): Promise<CanonicalEvent[]> {
    const events: CanonicalEvent[] = [];
    await spool.drain(async (page) => void events.push(...page.map(({ event }) => event)));
    return events;
  }

  it('gives back what entered, as it was and in its order', async () => {
    const spool = newSpool();
    await spool.add(range(0, 3), false);
    await Promise.all([
      spool.add(range(3, 5), false),
      spool.add(range(5, 6), false),
      spool.add(range(6, 9), false),
    ]);
    await spool.add(range(9, 1_200), false);
    expect(await spool.look()).toMatchObject({
      events: 1_200,
      oldestReceivedAt: testEvent(0).received_at,
    });
    expect(await drained(spool)).toEqual(range(0, 1_200));
    expect(await spool.look()).toEqual({ events: 0, bytes: 0, oldestReceivedAt: undefined });
    expect(spool.mayHold).toBe(false);
  });

  it('holds any canonical event', async () => {
    const spool = newSpool(64 * MIB);
    await fc.assert(
      fc.asyncProperty(canonicalEvents, async (event) => {
        await spool.add([event], false);
        expect(await drained(spool)).toEqual([event]);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what passes its bound, whole, and takes it when there is room again', async () => {
    const bytes = Buffer.byteLength(JSON.stringify(testEvent(1)));
    const spool = newSpool(bytes * 3);
    await spool.add([testEvent(1), testEvent(2)], false);
    await expect(spool.add([testEvent(3), testEvent(4)], false)).rejects.toBeInstanceOf(SpoolFull);
    expect(await spool.look()).toMatchObject({ events: 2, bytes: bytes * 2 });
    await spool.add([testEvent(3)], false);
    expect(await drained(spool)).toEqual(range(1, 4));
    await spool.add([testEvent(4)], false);
  });

  it('takes of several at once those that fit', async () => {
    const bytes = Buffer.byteLength(JSON.stringify(testEvent(1)));
    const spool = newSpool(bytes * 3);
    const adding = [[testEvent(1)], [testEvent(2)], range(3, 6), [testEvent(6)]].map((events) =>
      spool.add(events, false).then(
        () => 'taken',
        (error) => error.code,
      ),
    );
    expect(await Promise.all(adding)).toEqual(['taken', 'taken', 'spool_full', 'taken']);
    expect(await drained(spool)).toEqual([testEvent(1), testEvent(2), testEvent(6)]);
  });

  it('refuses what would fill the memory while the database is slow', async () => {
    const waiting = Promise.withResolvers<void>();
    const slow = withQuery(database, async (run) => {
      await waiting.promise;
      return run();
    });
    const spool = new Spool({ database: slow, maxBytes: MIB, maxWaitingBytes: 2_000 });
    const first = spool.add([testEvent(1)], false);
    const second = spool.add([testEvent(2)], false);
    await expect(spool.add(range(3, 9), false)).rejects.toBeInstanceOf(SpoolFull);
    waiting.resolve();
    await Promise.all([first, second]);
    await spool.add(range(3, 5), false);
  });

  it('keeps a page that could not be carried, and repeats one whose process ended', async () => {
    const spool = newSpool();
    await spool.add(range(0, 3), false);
    const failing = spool.drain(() => Promise.reject(new Error('the outbox is away')));
    await expect(failing).rejects.toThrow('the outbox is away');
    expect([spool.mayHold, await spool.look()]).toMatchObject([true, { events: 3 }]);

    let carried = 0;
    const ending = withQuery(database, (run, sql) =>
      sql.includes('DELETE FROM spooled_events') ? Promise.reject(new Error('killed')) : run(),
    );
    const killed = newSpool(MIB, ending);
    await killed.look();
    const draining = killed.drain(async (page) => {
      carried += page.length;
    });
    await expect(draining).rejects.toThrow('killed');
    expect(carried).toBe(3);
    const next = newSpool();
    expect(next.mayHold).toBe(false);
    await next.look();
    expect(next.mayHold).toBe(true);
    expect(await drained(next)).toEqual(range(0, 3));
  });

  it('remembers which may not pass what waits in the outbox', async () => {
    const spool = newSpool();
    await Promise.all([spool.add([testEvent(1)], true), spool.add(range(2, 4), false)]);
    const flags: boolean[] = [];
    await spool.drain(async (page) => void flags.push(...page.map((one) => one.afterOutbox)));
    expect(flags).toEqual([true, false, false]);
  });

  it('is drained by one at a time', async () => {
    const spool = newSpool();
    await spool.add(range(0, 2), false);
    const carrying = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const first = spool.drain(() => {
      started.resolve();
      return carrying.promise;
    });
    await started.promise;
    expect(await newSpool().drain(async () => {})).toBeUndefined();
    carrying.resolve();
    expect(await first).toBe(2);
  });

  it('knows of what enters while it is drained', async () => {
    const spool = newSpool();
    await spool.add([testEvent(1)], false);
    const events: CanonicalEvent[] = [];
    await spool.drain(async (page) => {
      events.push(...page.map(({ event }) => event));
      if (events.length === 1) await spool.add([testEvent(2)], false);
    });
    expect(events).toEqual(range(1, 3));
  });

  it('counts for the loss ledger, also what has left', async () => {
    const spool = newSpool();
    await spool.add([testEvent(1), testEvent(2, { tenant_id: 'other' })], false);
    await spool.add([testEvent(60_000), testEvent(3)], false);
    await drained(spool);
    const rows = await database.query<{ tenant_id: string; minute: Date; events: string }>(
      'SELECT tenant_id, minute, events FROM spool_ledger ORDER BY tenant_id, minute',
    );
    expect(rows.map((row) => [row.tenant_id, row.minute.toISOString(), row.events])).toEqual([
      ['acme', '2026-01-31T12:00:00.000Z', '2'],
      ['acme', '2026-01-31T12:01:00.000Z', '1'],
      ['other', '2026-01-31T12:00:00.000Z', '1'],
    ]);
  });

  it('says so when the database does not answer, and may hold what was under way', async () => {
    const away = withQuery(database, () => Promise.reject(new DatabaseUnavailable('away')));
    const spool = newSpool(MIB, away);
    await expect(spool.add([testEvent(1)], false)).rejects.toBeInstanceOf(DatabaseUnavailable);
    expect(spool.mayHold).toBe(true);
  });
});

/** A database whose statements go through `around`. */
function withQuery(
  database: Database,
  around: <Row>(run: () => Promise<Row[]>, sql: string) => Promise<Row[]>,
): Database {
  return {
    query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
      around<Row>(() => database.query<Row>(sql, values), sql),
    transaction: <Result>(work: (tx: Queryable) => Promise<Result>) => database.transaction(work),
    migrate: () => database.migrate(),
    close: () => database.close(),
  };
}
