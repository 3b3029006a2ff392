// Real: accept, outbox (DuckDB), Postgres (PGlite), the in-process bus with the recorder of passages and
// a consumer. Doubled: the time. Asserted: a canary's way is noted as far as it came, and no further.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import {
  type CanaryOptions,
  listenForCanaries,
  lookForPassage,
  sendCanaries,
} from '#services/canary/canary.ts';
import { canaryState } from '#services/canary/canary-state.ts';
import { type CanaryRow, CanaryStore } from '#services/canary/canary-store.ts';
import type { Connection } from '#services/connections/connection.ts';
import { testConnection } from '#services/connections/connections.test-support.ts';
import { consume } from '#services/consumers/consume.ts';
import { createAccept } from '#services/outbox/accept.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { acceptParts } from '#services/outbox/fakes.test-support.ts';
import { ReceiptClock } from '#services/outbox/receipt-clock.ts';
import { recordPassage } from '#services/proof/record-passage.ts';
import { temporaryBus, temporaryWarehouse } from '../support/embedded-drivers.ts';

const within = { timeout: 10_000 };
let stack: AsyncDisposableStack;
let database: Database;
let bus: Bus;
let warehouse: Warehouse;
let canaries: CanaryStore;
let options: CanaryOptions;
let acceptFault: Error | undefined;
let handled: string[];

const connection = (id: string, status: Connection['status'] = 'active'): Connection =>
  testConnection(id, { status });

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  database = stack.adopt(await openTestDatabase(), (one) => one.close()).db;
  bus = await temporaryBus(stack);
  warehouse = await temporaryWarehouse(stack);
  canaries = new CanaryStore(database);
  acceptFault = undefined;
  handled = [];
  const onError = () => undefined;
  const recorder = await recordPassage({ bus, warehouse, onError });
  stack.defer(() => recorder.close());
  const listening = await listenForCanaries(bus, canaries);
  stack.defer(() => listening.close());
  const consumer = await consume(bus, database, {
    name: 'commission',
    handle: async (event) => void handled.push(event.event_id),
  });
  stack.defer(() => consumer.close());
  const accept = createAccept({ ...acceptParts(), bus, warehouse });
  options = {
    canaries,
    connections: { all: async () => [connection('con_1'), connection('con_2', 'inactive')] },
    outbox: async () => ({
      accept: (events) => (acceptFault ? Promise.reject(acceptFault) : accept(events)),
      clock: new ReceiptClock(),
      drainSpool: async () => 0,
      close: async () => {},
    }),
    warehouse,
    intervalMinutes: 5,
  };
});
afterEach(() => stack.disposeAsync());

const latest = async () => {
  await lookForPassage(options);
  return canaries.latest('acme');
};

describe('canaries', () => {
  it('go the whole way of an event, and no consumer acts on them', async () => {
    expect(await sendCanaries(options)).toEqual({ sent: 1 });
    await expect
      .poll(latest, within)
      .toMatchObject([
        { connection_id: 'con_1', outboxed: true, published: true, consumed_at: expect.any(Date) },
      ]);
    // Behind the canary on the bus, so once it is handled the canary has been passed over.
    const other = testEvent(1);
    await createAccept({ ...acceptParts(), bus, warehouse })([other]);
    await expect.poll(() => handled, within).toEqual([other.event_id]);
    const ledger = await database.query('SELECT 1 FROM processed_events');
    expect(ledger).toHaveLength(2);
    expect(await canaries.latest('other')).toEqual([]);
  });

  it('are sent once in an interval, whoever asks, and again in the next', async () => {
    const now = Date.UTC(2026, 0, 31, 12, 0, 1);
    const at = (nowMs: number) => sendCanaries({ ...options, now: () => nowMs });
    expect(await at(now)).toEqual({ sent: 1 });
    expect(await Promise.all([at(now), at(now + 240_000)])).toEqual([{ sent: 0 }, { sent: 0 }]);
    expect(await at(now + 300_000)).toEqual({ sent: 1 });
  });

  it('that cannot be accepted are missed, and not sent as if nothing were', async () => {
    acceptFault = new Error('nothing is durable');
    await expect(sendCanaries(options)).rejects.toThrow('nothing is durable');
    acceptFault = undefined;
    expect(await sendCanaries(options)).toEqual({ sent: 0 });
    expect(await latest()).toMatchObject([
      { outboxed: false, published: false, consumed_at: null },
    ]);
  });
});

const SENT = new Date('2026-01-31T12:00:00.000Z');
const row = (more: Partial<CanaryRow>): CanaryRow => ({
  connection_id: 'con_1',
  sent_at: SENT,
  outboxed: true,
  published: true,
  consumed_at: SENT,
  arrived_sent_at: null,
  ...more,
});
const minutesLater = (minutes: number) => SENT.getTime() + minutes * 60_000;

describe('the state of a canary', () => {
  it.each([
    ['ok when it came all the way', row({}), 0, 'ok'],
    ['ok however long ago', row({}), 1_000, 'ok'],
    ['on its way', row({ consumed_at: null }), 20, 'on_its_way'],
    ['late without a consumer', row({ consumed_at: null }), 21, 'late'],
    ['late without a proof', row({ published: false }), 21, 'late'],
    ['late without an outbox row', row({ outboxed: false }), 21, 'late'],
    [
      'late since the last that arrived, however new the latest is',
      row({ published: false, arrived_sent_at: new Date(minutesLater(-21)) }),
      1,
      'late',
    ],
  ] as const)('%s', (_name, one, minutes, state) => {
    expect(canaryState(one, 5, minutesLater(minutes))).toBe(state);
  });
});
