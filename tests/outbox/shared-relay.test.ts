// Several processes on one installation: who carries what a process that is gone has left. Real:
// DuckDB, the in-process bus, PGlite. A process that is killed is one whose relay is left as it is.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { createAccept } from '#services/outbox/accept.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { acceptParts } from '#services/outbox/fakes.test-support.ts';
import { Relay } from '#services/outbox/relay.ts';
import { SharedWatermarks } from '#services/outbox/shared-watermarks.ts';
import { temporaryBus, temporaryWarehouse } from '../support/embedded-drivers.ts';

const within = { timeout: 10_000 };
let shared: AsyncDisposableStack;
let stack: AsyncDisposableStack;
let database: Database;
let warehouse: Warehouse;
let bus: Bus;
let received: string[];
let errors: unknown[];

beforeAll(async () => {
  shared = new AsyncDisposableStack();
  database = shared.adopt(await openTestDatabase(), (one) => one.close()).db;
});
afterAll(() => shared.disposeAsync());

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  received = [];
  errors = [];
  await database.query('DELETE FROM relay_watermarks');
  warehouse = await temporaryWarehouse(stack);
  bus = await temporaryBus(stack);
  await bus.createSubscription(EVENTS_TOPIC, 'reader');
  await bus.subscribe(EVENTS_TOPIC, 'reader', async ({ data }) => {
    received.push((JSON.parse(data) as CanonicalEvent).event_id);
  });
});
afterEach(() => stack.disposeAsync());

/** One process of several. @param publish takes the place of the bus's */
function newProcess(publish: Bus['publish'] = (topic, messages) => bus.publish(topic, messages)) {
  const parts = acceptParts();
  const { progress, gate, spool } = parts;
  const own = new Proxy(bus, {
    get: (target, name) => {
      if (name === 'publish') return publish;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const watermarks = new SharedWatermarks(database);
  const onError = (_message: string, error: unknown) => errors.push(error);
  const timing = { intervalMs: 5, beatMs: 20 };
  const relay = new Relay({
    bus: own,
    warehouse,
    watermarks,
    progress,
    gate,
    spool,
    onError,
    ...timing,
  });
  const accept = createAccept({ ...parts, bus: own, warehouse, patienceMs: 100 });
  stack.defer(() => relay.stop());
  return { relay, accept, watermarks, progress };
}

/** An event received now, as the watermark of a process that started a moment ago expects. */
function fresh(index: number): CanonicalEvent {
  const now = new Date().toISOString();
  const event = testEvent(index);
  return { ...event, received_at: now, metadata: { ...event.metadata, timestamp: now } };
}

const rows = () =>
  database.query<{ name: string; published_through: Date }>('SELECT * FROM relay_watermarks');
/** As if the processes had not been heard of for a while. */
const silence = (seconds: number) =>
  database.query(`UPDATE relay_watermarks SET updated_at = now() - make_interval(secs => $1)`, [
    seconds,
  ]);
const lost: Bus['publish'] = () => new Promise(() => undefined);

describe('the relay of one of several processes', () => {
  it('is known before it accepts anything', async () => {
    const before = Date.now();
    await newProcess().relay.start();
    const [row] = await rows();
    expect(row?.published_through.getTime()).toBeGreaterThanOrEqual(before);
  });

  it('carries what a process that was killed left, and forgets it', async () => {
    const killed = newProcess(lost);
    await killed.watermarks.open();
    await killed.accept([fresh(1), fresh(2)]);
    await silence(61);
    const living = newProcess();
    await living.relay.start();
    await expect
      .poll(() => new Set(received), within)
      .toEqual(new Set([testEvent(1).event_id, testEvent(2).event_id]));
    await expect.poll(async () => (await rows()).length, within).toBe(1);
  });

  it('leaves alone what a process that lives has under way', async () => {
    const slow = newProcess(lost);
    await slow.watermarks.open();
    await slow.accept([fresh(1)]);
    const other = newProcess();
    await other.relay.start();
    await other.accept([fresh(2)]);
    await expect.poll(() => received, within).toEqual([testEvent(2).event_id]);
    await silence(30);
    await expect(other.watermarks.claim()).resolves.toEqual([]);
    expect((await rows()).length).toBe(2);
  });

  it('is done once by two that look at the same time', async () => {
    await newProcess().watermarks.open();
    await silence(61);
    const [one, two] = [new SharedWatermarks(database), new SharedWatermarks(database)];
    const claims = await Promise.all([one.claim(), two.claim()]);
    expect(claims.flat()).toHaveLength(1);
  });

  it('is done by another when the one that began it is gone too', async () => {
    await newProcess().watermarks.open();
    await silence(61);
    await expect(new SharedWatermarks(database).claim()).resolves.toHaveLength(1);
    await expect(new SharedWatermarks(database).claim()).resolves.toHaveLength(0);
    await database.query(`UPDATE relay_watermarks SET claimed_until = now() - interval '1 second'`);
    await expect(new SharedWatermarks(database).claim()).resolves.toHaveLength(1);
  });

  it('starts while the outbox does not answer, and does its work later', async () => {
    await newProcess(lost).watermarks.open();
    await silence(61);
    const query = warehouse.query.bind(warehouse);
    let away = true;
    warehouse.query = (...args) =>
      away ? Promise.reject(new Error('away')) : query(...(args as Parameters<typeof query>));
    await newProcess().relay.start();
    await expect.poll(() => errors.length, within).toBeGreaterThan(0);
    away = false;
    await database.query(`UPDATE relay_watermarks SET claimed_until = NULL`);
    await expect.poll(async () => (await rows()).length, within).toBe(1);
  });

  it('stays known while nothing happens, and says so again when it was forgotten', async () => {
    const idle = newProcess();
    await idle.relay.start();
    await silence(59);
    await expect
      .poll(
        () =>
          database.query(
            `SELECT 1 FROM relay_watermarks WHERE updated_at > now() - interval '5 s'`,
          ),
        within,
      )
      .toHaveLength(1);
    await database.query('DELETE FROM relay_watermarks');
    await expect.poll(async () => (await rows()).length, within).toBe(1);
  });

  it('leaves nothing behind when all was published, and its watermark when not', async () => {
    const complete = newProcess();
    await complete.relay.start();
    await complete.accept([fresh(1)]);
    await complete.relay.stop();
    expect(await rows()).toEqual([]);
    const incomplete = newProcess(() => Promise.reject(new Error('the bus is away')));
    await incomplete.relay.start();
    await incomplete.accept([fresh(2)]);
    await incomplete.relay.stop();
    expect(await rows()).toHaveLength(1);
  });
});
