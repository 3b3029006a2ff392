// Real: the relay, DuckDB, Postgres (PGlite) and the in-process bus with a durable subscription.
// Doubled: what of the bus a case makes fail. Asserted: what the subscription receives, and where
// the watermark stands.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { type Accept, createAccept } from '#services/outbox/accept.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { acceptParts, type FakeSpool } from '#services/outbox/fakes.test-support.ts';
import type { PublishGate } from '#services/outbox/publish-gate.ts';
import type { PublishProgress } from '#services/outbox/publish-progress.ts';
import { Relay } from '#services/outbox/relay.ts';
import { SoleWatermark } from '#services/outbox/sole-watermark.ts';
import { temporaryBus, temporaryWarehouse } from '../support/embedded-drivers.ts';

let shared: AsyncDisposableStack;
let database: Database;
let stack: AsyncDisposableStack;
let bus: Bus;
let warehouse: Warehouse;
let received: CanonicalEvent[];
let errors: unknown[];

beforeAll(async () => {
  shared = new AsyncDisposableStack();
  const opened = shared.adopt(await openTestDatabase(), (one) => one.close());
  database = opened.db;
});
afterAll(() => shared.disposeAsync());

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  await database.query('DELETE FROM relay_watermarks');
  warehouse = await temporaryWarehouse(stack);
  bus = await temporaryBus(stack);
  received = [];
  errors = [];
  await bus.createSubscription(EVENTS_TOPIC, 'test');
  await bus.subscribe(EVENTS_TOPIC, 'test', async ({ data }) => {
    received.push(JSON.parse(data));
  });
});
afterEach(() => stack.disposeAsync());

interface Run {
  readonly relay: Relay;
  readonly progress: PublishProgress;
  readonly gate: PublishGate;
  readonly spool: FakeSpool;
  readonly accept: Accept;
}

/** What one process has of the relay. `changes` take the place of parts of the bus. */
function newRun(changes: Partial<Bus> = {}): Run {
  const own: Bus = {
    durable: false,
    maxMessageBytes: bus.maxMessageBytes,
    check: (topic) => bus.check(topic),
    publish: (topic, messages) => bus.publish(topic, messages),
    createSubscription: (topic, name) => bus.createSubscription(topic, name),
    subscribe: (...args) => bus.subscribe(...args),
    watch: (...args) => bus.watch(...args),
    sync: () => bus.sync(),
    close: () => bus.close(),
    ...changes,
  };
  const parts = acceptParts();
  const { progress, gate, spool } = parts;
  const onError = (_message: string, error: unknown) => errors.push(error);
  const relay = new Relay({
    bus: own,
    warehouse,
    watermarks: watermarks(),
    progress,
    gate,
    spool,
    intervalMs: 5,
    onError,
  });
  stack.defer(() => relay.stop());
  return {
    relay,
    progress,
    gate,
    spool,
    accept: createAccept({ ...parts, bus: own, warehouse }),
  };
}

const watermarks = () => new SoleWatermark(database);
const store = (...events: CanonicalEvent[]) =>
  warehouse.append(OUTBOX.name, events.map(eventToRow));
const receivedIds = () => new Set(received.map((event) => event.event_id));
const idsOf = (...indexes: number[]) => new Set(indexes.map((index) => testEvent(index).event_id));
const within = { timeout: 10_000 };

describe('relay, at start', () => {
  it('carries the changes of one request in the order in which they happened', async () => {
    const receivedAt = testEvent(1).received_at;
    const changes = Array.from({ length: 12 }, (_, index) =>
      testEvent(index, {
        entity_id: '7',
        received_at: receivedAt,
        occurred_at: new Date(Date.UTC(2026, 0, 1) + index).toISOString(),
      }),
    );
    // By their ids they would come in another order.
    const byId = changes.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1));
    expect(byId).not.toEqual(changes);
    await store(...byId);
    await newRun().relay.start();
    await expect.poll(() => received.length, within).toBe(changes.length);
    expect(received.map((event) => event.event_id)).toEqual(changes.map((event) => event.event_id));
  });

  it('carries nothing when there is nothing', async () => {
    const { relay } = newRun();
    await expect(relay.start()).resolves.toEqual({ republished: 0 });
    await expect(watermarks().latest()).resolves.toBeUndefined();
  });

  it('carries all of a first run that ended before it had a watermark', async () => {
    await store(testEvent(1), testEvent(2));
    await expect(newRun().relay.start()).resolves.toEqual({ republished: 2 });
    await expect.poll(receivedIds, within).toEqual(idsOf(1, 2));
  });

  it('carries what was received from the watermark on, and nothing before it', async () => {
    const first = newRun();
    await first.relay.start();
    await first.accept([testEvent(1)]);
    await first.accept([testEvent(2)]);
    await first.relay.stop();
    await expect(watermarks().latest()).resolves.toBe(testEvent(2).received_at);
    await expect.poll(receivedIds, within).toEqual(idsOf(1, 2));
    received.length = 0;
    // As after a crash between the outbox and the bus; 3 was received in the watermark's own time.
    await store(testEvent(3, { received_at: testEvent(2).received_at }), testEvent(4));

    await expect(newRun().relay.start()).resolves.toEqual({ republished: 3 });
    await expect.poll(receivedIds, within).toEqual(idsOf(2, 3, 4));
  });

  it('carries more than a page, each event once and as it was, in order of receipt', async () => {
    const events = Array.from({ length: 2_500 }, (_, index) => testEvent(index));
    // Many share a time of receipt, as the events of a batch do.
    const sharing = events.map((event, index) =>
      testEvent(index, {
        received_at: testEvent(Math.floor(index / 900) * 900).received_at,
        entity_id: 'one',
        metadata: {
          ...event.metadata,
          timestamp: testEvent(Math.floor(index / 900) * 900).received_at,
        },
      }),
    );
    await store(...sharing);
    await expect(newRun().relay.start()).resolves.toEqual({ republished: 2_500 });
    await expect.poll(() => received.length, within).toBe(2_500);
    const order = sharing.toSorted((a, b) =>
      `${a.received_at} ${a.event_id}` < `${b.received_at} ${b.event_id}` ? -1 : 1,
    );
    expect(received).toEqual(order);
  });

  it('does not start when what is missing cannot be carried', async () => {
    await store(testEvent(1));
    const { relay } = newRun({ publish: () => Promise.reject(new Error('the bus is full')) });
    await expect(relay.start()).rejects.toThrow('the bus is full');
  });
});

describe('relay, while running', () => {
  it('carries what was spooled while the spool was drained', async () => {
    const { relay, progress, gate, spool } = newRun();
    await relay.start();
    const { drain } = spool;
    let late = false;
    vi.spyOn(spool, 'drain').mockImplementation(async (carry) => {
      const drained = await drain.call(spool, carry);
      if (late) return drained;
      late = true;
      // Entered and taken out by another process, all within this one's drain.
      await store(testEvent(2));
      progress.begin(testEvent(2).received_at).fail('spool');
      return drained;
    });
    spool.held.push(testEvent(1));
    progress.begin(testEvent(1).received_at).fail('spool');
    gate.close();
    await expect.poll(receivedIds, within).toEqual(idsOf(1, 2));
    await expect.poll(() => gate.isOpen, within).toBe(true);
  });

  it('carries again what the bus refused, once it takes messages again', async () => {
    let away = true;
    const { relay, accept, progress } = newRun({
      publish: (topic, messages) =>
        away ? Promise.reject(new Error('the bus is away')) : bus.publish(topic, messages),
    });
    await relay.start();
    await expect(accept([testEvent(1)])).resolves.toEqual({ accepted: 1, duplicates: 0 });
    await accept([testEvent(2)]);
    await expect.poll(() => errors.length, within).toBeGreaterThan(1);
    expect(progress.publishedThrough).toBe(testEvent(1).received_at);
    // A round may have begun while the first was under way; none goes past it.
    expect([undefined, testEvent(1).received_at]).toContain(await watermarks().latest());

    away = false;
    await expect.poll(receivedIds, within).toEqual(idsOf(1, 2));
    await expect.poll(() => watermarks().latest(), within).toBe(testEvent(2).received_at);
  });

  it('goes on where the bus went away in the midst of a round', async () => {
    const allowed = [true, false, true, false];
    let offered = 0;
    const { relay, progress } = newRun({
      publish: (topic, messages) => {
        offered += messages.length;
        return (allowed.shift() ?? true)
          ? bus.publish(topic, messages)
          : Promise.reject(new Error('the bus is away'));
      },
    });
    const count = 1_700;
    await store(...Array.from({ length: count }, (_, index) => testEvent(index)));
    await watermarks().save(testEvent(count).received_at, false);
    await relay.start();
    progress.miss(testEvent(0).received_at);
    progress.begin(testEvent(count).received_at).succeed();
    await expect.poll(() => progress.missing, within).toBe(false);
    await expect.poll(() => receivedIds().size, within).toBe(count);
    // Each of the two refused parts once more, and with it what was received at the same time.
    expect(offered).toBeLessThan(count + 2 * 500 + 10);
  });

  it('moves the watermark only after the bus has synced', async () => {
    const syncing = Promise.withResolvers<void>();
    const sync = vi.fn(() => syncing.promise);
    const { relay, accept } = newRun({ sync });
    sync.mockResolvedValueOnce(undefined);
    await relay.start();
    await accept([testEvent(1)]);
    await expect.poll(() => sync.mock.calls.length, within).toBe(2);
    await expect(watermarks().latest()).resolves.toBeUndefined();
    syncing.resolve();
    await expect.poll(() => watermarks().latest(), within).toBe(testEvent(1).received_at);
  });

  it('does not move the watermark past a publish that has not been answered', async () => {
    const waiting = Promise.withResolvers<void>();
    let hang = false;
    const { relay, accept } = newRun({
      publish: () => (hang ? waiting.promise : Promise.resolve()),
    });
    await relay.start();
    await accept([testEvent(1)]);
    await expect.poll(() => watermarks().latest(), within).toBe(testEvent(1).received_at);
    hang = true;
    const accepting = accept([testEvent(2)]);
    hang = false;
    await accept([testEvent(3)]);
    await expect.poll(() => watermarks().latest(), within).toBe(testEvent(2).received_at);
    waiting.resolve();
    await accepting;
    await expect.poll(() => watermarks().latest(), within).toBe(testEvent(3).received_at);
  });

  it('saves the watermark a last time when it stops', async () => {
    const parts = acceptParts();
    const { progress, gate, spool } = parts;
    const options = {
      bus,
      warehouse,
      watermarks: watermarks(),
      progress,
      gate,
      spool,
      intervalMs: 3_600_000,
    };
    const relay = new Relay({ ...options, onError: () => undefined });
    await relay.start();
    await createAccept({ ...parts, bus, warehouse })([testEvent(1)]);
    await relay.stop();
    await expect(watermarks().latest()).resolves.toBe(testEvent(1).received_at);
  });
});
