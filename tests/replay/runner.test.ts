// Real: the runner, its state in Postgres (embedded and as a server), DuckDB, leases. Doubled: the bus, so
// that a test decides when it is away and looks at what was published. Asserted: which events are
// published with which attributes, that none is missing and how many are repeated, and what the receipt says.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusMessage } from '#platform/bus/bus.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import {
  BusUnavailable,
  DatabaseUnavailable,
  EventTooLarge,
  PermissionMissing,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { FakeBus } from '#services/outbox/fakes.test-support.ts';
import type { Predicate } from '#services/replay/predicate.ts';
import type { Replay, ReplayOrder } from '#services/replay/replay.ts';
import { ReplayProgress } from '#services/replay/replay-progress.ts';
import { ReplayStore } from '#services/replay/replay-store.ts';
import { ReplayRunner, type ReplayRunnerOptions } from '#services/replay/runner.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';

const BASE_MS = Date.UTC(2026, 0, 31, 12);
const RANGE = {
  received_from: '2026-01-31T00:00:00.000Z',
  received_to: '2026-02-01T00:00:00.000Z',
};
const SCOPE = { tenantId: 'acme', orgId: null };
const COUNT = 300;
const within = { timeout: 15_000, interval: 10 };

/** A bus that keeps what it confirmed, and can be made to fail. */
class WatchedBus extends FakeBus {
  readonly topics: string[] = [];
  /** Called before each publish. What it throws, the publish throws. */
  before: (messages: readonly BusMessage[]) => void | Promise<void> = () => undefined;

  constructor() {
    super(true);
  }

  override async publish(topic: string, messages: readonly BusMessage[]): Promise<void> {
    await this.before(messages);
    this.topics.push(topic);
    await super.publish(topic, messages);
  }
}

const event = (index: number, overrides: Partial<CanonicalEvent> = {}) =>
  testEvent(index, {
    received_at: new Date(BASE_MS + index).toISOString(),
    tenant_id: 'acme',
    ...overrides,
  });
const EVENTS = Array.from({ length: COUNT }, (_, index) => event(index));
const IDS = EVENTS.map(({ event_id }) => event_id);

describeOnEachDatabase('replays', (open) => {
  let shared: AsyncDisposableStack;
  let database: Database;
  let duckDb: Warehouse;
  let stack: AsyncDisposableStack;
  let bus: WatchedBus;
  let store: ReplayStore;
  let errors: unknown[];

  beforeAll(async () => {
    shared = new AsyncDisposableStack();
    const opened: TestDatabase = shared.adopt(await open(), (one) => one.close());
    database = opened.db;
    store = new ReplayStore(database);
    duckDb = await temporaryWarehouse(shared);
    await duckDb.append(OUTBOX.name, [
      ...EVENTS.map(eventToRow),
      eventToRow(event(1_000, { tenant_id: 'other' })),
      eventToRow(event(1_001, { event_type: 'deal.observed' })),
    ]);
  }, 60_000);
  afterAll(() => shared.disposeAsync());
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    await database.query('DELETE FROM replays');
    await database.query('DELETE FROM leases');
    bus = new WatchedBus();
    errors = [];
  });
  afterEach(() => stack.disposeAsync());

  const order = (changes: Partial<ReplayOrder> = {}, predicate: Predicate = {}) =>
    store.insert({
      ...SCOPE,
      predicate: { ...RANGE, ...predicate },
      predicateName: null,
      consumer: null,
      mode: 'missing',
      // A quarter of it is a batch: ten events, a hundred batches a second.
      ratePerSecond: 40,
      maxEvents: 1_000_000,
      matched: COUNT,
      createdBy: 'a test',
      ...changes,
    });

  function runner(changes: Partial<ReplayRunnerOptions> = {}): ReplayRunner {
    const made = new ReplayRunner({
      bus,
      database,
      warehouse: duckDb,
      process: 'test/1',
      onError: (_message, error) => errors.push(error),
      pollMs: 10,
      leaseMs: 600,
      retryMs: 10,
      ...changes,
    });
    stack.defer(() => made.stop());
    return made;
  }

  const stateOf = async ({ id }: Replay) => (await store.get(SCOPE, id)).state;
  const published = () => bus.eventIds;

  describe('from begin to end', () => {
    it('publishes what agrees, in order, once, and leaves a receipt', async () => {
      const made = await order({ ratePerSecond: null });
      runner().start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(published()).toEqual(IDS);
      const receipt = await store.get(SCOPE, made.id);
      expect(receipt).toMatchObject({
        matched: COUNT,
        published: COUNT,
        createdBy: 'a test',
        process: 'test/1',
        waitsFor: null,
        failure: null,
        position: { received_at: EVENTS.at(-1)?.received_at, event_id: IDS.at(-1) },
        startedAt: expect.any(String),
        finishedAt: expect.any(String),
      });
      expect(errors).toEqual([]);
    });

    const carriages = [
      { consumer: null, mode: 'missing' },
      { consumer: null, mode: 'again' },
      { consumer: 'delivery', mode: 'missing' },
      { consumer: 'delivery', mode: 'again' },
    ] as const;
    it.each(carriages)('says on each message what it is: $consumer, $mode', async (carriage) => {
      const made = await order({ ratePerSecond: null, ...carriage });
      runner().start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      for (const { attributes } of bus.published) {
        expect(attributes).toMatchObject({
          carried_again: 'replay',
          replay_id: made.id,
          replay_mode: carriage.mode,
        });
        expect(attributes.only_consumer).toBe(carriage.consumer ?? undefined);
      }
      expect(bus.published).toHaveLength(COUNT);
    });

    it('publishes observations where they are named, to the resolver', async () => {
      const made = await order({}, { event_type: 'deal.observed' });
      runner().start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(published()).toEqual([event(1_001).event_id]);
      expect(bus.topics).toEqual([OBSERVATIONS_TOPIC]);
    });

    it('finishes at once where nothing agrees', async () => {
      const made = await order({}, { provider: 'nobody' });
      runner().start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(bus.published).toEqual([]);
    });

    it('works on several at a time', async () => {
      const slow = await order({ ratePerSecond: 1 });
      const quick = await order({ ratePerSecond: null });
      runner().start();
      await expect.poll(() => stateOf(quick), within).toBe('finished');
      expect(await stateOf(slow)).toBe('running');
      await store.move(SCOPE, slow.id, 'cancel');
    });

    it('begins when it is asked to look, also without a clock', async () => {
      const made = await order({ ratePerSecond: null });
      expect(await runner().look()).toEqual({ running: 1 });
      await expect.poll(() => stateOf(made), within).toBe('finished');
    });

    it('keeps to its rate', async () => {
      const made = await order({ ratePerSecond: 400 });
      const beganMs = performance.now();
      runner().start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      // Three batches of a hundred: the last begins half a second after the first.
      expect(performance.now() - beganMs).toBeGreaterThan(480);
    });
  });

  describe('steered', () => {
    it('pauses after the batch under way, and goes on behind it', async () => {
      const made = await order({ ratePerSecond: 400 });
      const first = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      bus.before = () => {
        first.resolve();
        return released.promise;
      };
      runner().start();
      await first.promise;
      await store.move(SCOPE, made.id, 'pause');
      released.resolve();
      await expect.poll(() => database.query('SELECT 1 FROM leases'), within).toEqual([]);
      expect(await store.get(SCOPE, made.id)).toMatchObject({ state: 'paused', published: 100 });
      expect(published()).toEqual(IDS.slice(0, 100));

      await store.move(SCOPE, made.id, 'resume');
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(published()).toEqual(IDS);
    });

    it('ends where it was cancelled', async () => {
      const made = await order({ ratePerSecond: 400 });
      bus.before = async () => {
        await store.move(SCOPE, made.id, 'cancel');
      };
      runner().start();
      await expect.poll(() => database.query('SELECT 1 FROM leases'), within).toEqual([]);
      await expect.poll(() => published().length, within).toBe(100);
      await expect.poll(async () => (await store.get(SCOPE, made.id)).published, within).toBe(100);
      expect(await store.get(SCOPE, made.id)).toMatchObject({
        state: 'cancelled',
        finishedAt: expect.any(String),
      });
    });

    it('stops in its time, and another process goes on without a gap', async () => {
      const made = await order({ ratePerSecond: 400 });
      const first = runner({ process: 'test/first' });
      first.start();
      await expect.poll(() => published().length, within).toBeGreaterThan(0);
      const beganMs = performance.now();
      await first.stop();
      expect(performance.now() - beganMs).toBeLessThan(2_000);
      expect(await stateOf(made)).toBe('running');
      runner({ process: 'test/second' }).start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(published()).toEqual(IDS);
      expect((await store.get(SCOPE, made.id)).process).toBe('test/second');
    });
  });

  describe('when something breaks', () => {
    it('repeats at most a batch, and loses none, after a crash between publish and position', async () => {
      const made = await order({ ratePerSecond: 400 });
      // The process ends as far as anyone can tell: its statements no longer reach the database.
      let gone = false;
      const broken: Database = {
        query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
          gone ? Promise.reject(new DatabaseUnavailable('gone')) : database.query<Row>(sql, values),
        transaction: <Result>(work: (tx: Queryable) => Promise<Result>) =>
          database.transaction(work),
        migrate: () => database.migrate(),
        close: () => database.close(),
      };
      let batches = 0;
      bus.before = () => {
        batches += 1;
        if (batches === 2) gone = true;
      };
      const crashed = runner({ database: broken, process: 'test/crashed' });
      crashed.start();
      await expect.poll(() => published().length, within).toBe(200);
      bus.before = () => undefined;
      await crashed.stop();
      expect(await store.get(SCOPE, made.id)).toMatchObject({ state: 'running', published: 100 });

      runner({ process: 'test/next' }).start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(published()).toEqual([...IDS.slice(0, 200), ...IDS.slice(100)]);
      expect((await store.get(SCOPE, made.id)).published).toBe(COUNT);
    });

    it('is in the hands of one process at a time', async () => {
      const made = await order({ ratePerSecond: 400 });
      const runners = [1, 2, 3].map((index) => runner({ process: `test/${index}` }));
      for (const one of runners) one.start();
      await expect.poll(() => stateOf(made), within).toBe('finished');
      expect(published()).toEqual(IDS);
    });

    it('no longer moves the position once another process has taken over', async () => {
      const { id } = await order();
      const late = await ReplayProgress.begin(database, id, 'test/late');
      const next = await ReplayProgress.begin(database, id, 'test/next');
      const position = {
        received_at: RANGE.received_from,
        occurred_at: RANGE.received_from,
        event_id: randomUUID(),
      };
      expect(await next?.confirm(position, 5)).toBe(true);
      expect(await late?.confirm({ ...position, event_id: randomUUID() }, 7)).toBe(false);
      expect(await late?.finish()).toBe(false);
      expect(await store.get(SCOPE, id)).toMatchObject({
        state: 'running',
        published: 5,
        position,
      });
    });

    const outages = [
      { name: 'the bus', error: () => new BusUnavailable('away'), code: 'bus_unavailable' },
      {
        name: 'the warehouse',
        error: () => new WarehouseUnavailable('away'),
        code: 'warehouse_unavailable',
      },
    ];
    it.each(outages)(
      'waits while $name is away, says so, and goes on',
      async ({ name, error, code }) => {
        const made = await order({ ratePerSecond: 400 });
        let away = true;
        const fail = () => {
          if (away) throw error();
        };
        const warehouse: Warehouse = {
          append: (table, rows) => duckDb.append(table, rows),
          async query(query, params) {
            fail();
            return duckDb.query(query, params);
          },
          stream: (query, params) => duckDb.stream(query, params),
          streamBounds: duckDb.streamBounds,
          check: () => duckDb.check(),
          close: () => duckDb.close(),
        };
        if (name === 'the bus') bus.before = fail;
        runner(name === 'the warehouse' ? { warehouse } : {}).start();
        const waitsFor = async () => (await store.get(SCOPE, made.id)).waitsFor;
        await expect.poll(waitsFor, within).toBe(code);
        expect(await stateOf(made)).toBe('running');
        away = false;
        await expect.poll(() => stateOf(made), within).toBe('finished');
        expect(published()).toEqual(IDS);
        expect(await waitsFor()).toBeNull();
      },
    );

    it('can be paused while it waits', async () => {
      const made = await order();
      bus.before = () => {
        throw new BusUnavailable('away');
      };
      runner().start();
      await expect
        .poll(async () => (await store.get(SCOPE, made.id)).waitsFor, within)
        .toBe('bus_unavailable');
      await store.move(SCOPE, made.id, 'pause');
      await expect.poll(() => database.query('SELECT 1 FROM leases'), within).toEqual([]);
      expect(await store.get(SCOPE, made.id)).toMatchObject({ state: 'paused', waitsFor: null });
    });

    it('goes on when the database is back', async () => {
      const made = await order({ ratePerSecond: null });
      let away = true;
      const flaky: Database = {
        query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
          away ? Promise.reject(new DatabaseUnavailable('away')) : database.query<Row>(sql, values),
        transaction: <Result>(work: (tx: Queryable) => Promise<Result>) =>
          database.transaction(work),
        migrate: () => database.migrate(),
        close: () => database.close(),
      };
      runner({ database: flaky }).start();
      await expect.poll(() => errors.length, within).toBe(1);
      away = false;
      await expect.poll(() => stateOf(made), within).toBe('finished');
      // One line for the outage, however often it looked.
      expect(errors).toHaveLength(1);
    });

    const permanent = [
      {
        error: new PermissionMissing('The service account lacks pubsub.topics.publish.'),
        failure: 'permission_missing: The service account lacks pubsub.topics.publish.',
      },
      { error: new EventTooLarge('Too large.'), failure: 'event_too_large: Too large.' },
      {
        error: new TypeError('customer@example.com is not a function'),
        failure: 'internal_error: the log holds the cause.',
      },
    ];
    it.each(permanent)(
      'fails with $failure, and can be resumed from there',
      async ({ error, failure }) => {
        const made = await order({ ratePerSecond: 400 });
        let batches = 0;
        bus.before = () => {
          batches += 1;
          if (batches === 2) throw error;
        };
        runner().start();
        await expect.poll(() => stateOf(made), within).toBe('failed');
        expect(await store.get(SCOPE, made.id)).toMatchObject({
          failure,
          published: 100,
          finishedAt: expect.any(String),
        });
        await store.move(SCOPE, made.id, 'resume');
        await expect.poll(() => stateOf(made), within).toBe('finished');
        expect(await store.get(SCOPE, made.id)).toMatchObject({ failure: null, published: COUNT });
        expect(published()).toEqual(IDS);
      },
    );
  });
});
