// Real: accept, gate, spool, relay, DuckDB, Postgres (PGlite) and the in-process bus with a durable
// subscription. Doubled: which of them are away, and when; the bus says it is durable, as Pub/Sub is.
// Asserted: nothing acknowledged is lost, and each entity's events come in the order of acceptance.
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { type Accept, createAccept } from '#services/outbox/accept.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { PublishGate } from '#services/outbox/publish-gate.ts';
import { PublishProgress } from '#services/outbox/publish-progress.ts';
import { Relay } from '#services/outbox/relay.ts';
import { SharedWatermarks } from '#services/outbox/shared-watermarks.ts';
import { Spool } from '#services/spool/spool.ts';
import { temporaryBus, temporaryWarehouse } from '../support/embedded-drivers.ts';

type Part = 'bus' | 'warehouse' | 'database';
const away = new Set<Part>();
const within = { timeout: 40_000, interval: 10 };
let shared: AsyncDisposableStack;
let warehouse: Warehouse;
let bus: Bus;
let database: Database;
let received: CanonicalEvent[];
let sequence = 0;

beforeAll(async () => {
  shared = new AsyncDisposableStack();
  warehouse = await temporaryWarehouse(shared);
  bus = await temporaryBus(shared);
  database = shared.adopt(await openTestDatabase(), (one) => one.close()).db;
  await bus.createSubscription(EVENTS_TOPIC, 'reader');
  await bus.subscribe(EVENTS_TOPIC, 'reader', async ({ data }) => {
    received.push(JSON.parse(data) as CanonicalEvent);
  });
});
afterAll(() => shared.disposeAsync());
beforeEach(() => {
  away.clear();
  received = [];
});

function unless<Result>(part: Part, work: () => Promise<Result>): Promise<Result> {
  return away.has(part) ? Promise.reject(new Error(`the ${part} is away`)) : work();
}

/** One process of an installation on Google Cloud. */
async function startProcess(
  stack: AsyncDisposableStack,
): Promise<{ accept: Accept; relay: Relay }> {
  const db: Database = {
    query: <Row extends object>(sql: string, values?: readonly unknown[]) =>
      unless('database', () => database.query<Row>(sql, values)),
    transaction: <Result>(work: (tx: Queryable) => Promise<Result>) =>
      unless('database', () => database.transaction(work)),
    migrate: () => database.migrate(),
    close: async () => {},
  };
  const durableBus = replace(bus, {
    durable: true,
    publish: (...args) => unless('bus', () => bus.publish(...args)),
  });
  const outbox = replace(warehouse, {
    append: (...args) => unless('warehouse', () => warehouse.append(...args)),
    query: <Result extends object>(...args: Parameters<Warehouse['query']>) =>
      unless('warehouse', () => warehouse.query<Result>(...args)),
  });
  const parts = {
    bus: durableBus,
    warehouse: outbox,
    progress: new PublishProgress(),
    gate: new PublishGate(),
    spool: new Spool({ database: db, maxBytes: 1024 ** 3 }),
  };
  const relay = new Relay({
    ...parts,
    watermarks: new SharedWatermarks(db),
    intervalMs: 5,
    freshMs: 1_000,
    onError: () => undefined,
  });
  stack.defer(() => relay.stop());
  await relay.start();
  return { accept: createAccept({ ...parts, patienceMs: 400, deadlineMs: 2_500 }), relay };
}

function replace<Whole extends object>(whole: Whole, changes: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get: (target, name) => {
      const value = Reflect.get(name in changes ? changes : target, name);
      return typeof value === 'function' && !(name in changes) ? value.bind(target) : value;
    },
  });
}

/** Changes of one entity, received one after the other. */
function change(entity: number): CanonicalEvent {
  sequence += 1;
  const now = new Date().toISOString();
  // Several may be received in one millisecond: what the provider says tells their order.
  const occurred = new Date(Date.UTC(2026, 0, 1) + sequence).toISOString();
  const event = testEvent(sequence, {
    entity_id: `${entity}`,
    received_at: now,
    occurred_at: occurred,
  });
  return { ...event, metadata: { ...event.metadata, timestamp: now } };
}

/** The order in which each entity's events of one run came first; earlier ones may come again. */
function firstSeen(expected: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const ofThisRun = new Set([...expected.values()].flat());
  const seen = new Map<string, string[]>();
  for (const { entity_id, event_id } of received) {
    if (!ofThisRun.has(event_id)) continue;
    const order = seen.get(entity_id) ?? [];
    if (!order.includes(event_id)) order.push(event_id);
    seen.set(entity_id, order);
  }
  return seen;
}

/** Which parts are away in each phase; in each, every entity changes so many times. */
type Phase = { readonly parts: readonly Part[]; readonly changes: number };

/** A process that takes nothing, and is told by the scheduler to drain the spool, again and again. */
async function drainBeside(stack: AsyncDisposableStack): Promise<void> {
  const { relay } = await startProcess(stack);
  const ending = new AbortController();
  const draining = (async () => {
    while (!ending.signal.aborted) {
      await relay.drainSpool().catch(() => undefined);
      await delay(1);
    }
  })();
  stack.defer(async () => {
    ending.abort();
    await draining;
  });
}

async function run(
  phases: readonly Phase[],
  { entities = 4, restartAfter = -1, beside = false } = {},
) {
  const expected = new Map<string, string[]>();
  received = [];
  const stack = new AsyncDisposableStack();
  try {
    let { accept } = await startProcess(stack);
    if (beside) await drainBeside(stack);
    for (const [index, { parts, changes }] of phases.entries()) {
      away.clear();
      for (const part of parts) away.add(part);
      const line = async (entity: number) => {
        for (let count = 0; count < changes; count += 1) {
          const event = change(entity);
          await accept([event]);
          const order = expected.get(event.entity_id) ?? [];
          expected.set(event.entity_id, [...order, event.event_id]);
        }
      };
      await Promise.all(Array.from({ length: entities }, (_, entity) => line(entity)));
      if (index === restartAfter) {
        // The next one takes over while the last one holds events back: it was killed, or is slow.
        const held = 'SELECT 1 FROM relay_watermarks WHERE behind';
        await expect.poll(() => database.query(held), within).toHaveLength(1);
        ({ accept } = await startProcess(stack));
      }
    }
    away.clear();
    const total = [...expected.values()].flat().length;
    await expect.poll(() => [...firstSeen(expected).values()].flat().length, within).toBe(total);
    return { expected, seen: firstSeen(expected) };
  } finally {
    away.clear();
    await stack.disposeAsync();
    await database.query('DELETE FROM relay_watermarks');
  }
}

const scripts: readonly { name: string; phases: readonly Phase[] }[] = [
  { name: 'nothing away', phases: [{ parts: [], changes: 20 }] },
  {
    name: 'the bus away and back',
    phases: [
      { parts: [], changes: 3 },
      { parts: ['bus'], changes: 20 },
      { parts: [], changes: 20 },
    ],
  },
  {
    name: 'both away, the outbox back first',
    phases: [
      { parts: ['bus'], changes: 5 },
      { parts: ['bus', 'warehouse'], changes: 20 },
      { parts: ['bus'], changes: 5 },
      { parts: [], changes: 20 },
    ],
  },
  {
    name: 'both away, the bus back first',
    phases: [
      { parts: ['warehouse'], changes: 5 },
      { parts: ['bus', 'warehouse'], changes: 20 },
      { parts: ['warehouse'], changes: 20 },
      { parts: [], changes: 5 },
    ],
  },
  {
    name: 'the outbox has some, then only the bus is there',
    phases: [
      { parts: ['bus'], changes: 5 },
      { parts: ['bus', 'warehouse'], changes: 5 },
      { parts: ['warehouse'], changes: 20 },
      { parts: [], changes: 5 },
    ],
  },
];

describe('what is acknowledged while stores come and go', () => {
  it.each(scripts)(
    'comes whole and in order: $name',
    async ({ phases }) => {
      const { expected, seen } = await run(phases);
      expect(seen).toEqual(expected);
    },
    60_000,
  );

  it('comes in order also where a new process takes over while events wait', async () => {
    for (const parts of [['bus'], ['bus', 'warehouse']] as const) {
      const phases: Phase[] = [
        { parts: [], changes: 2 },
        { parts, changes: 8 },
        { parts: [], changes: 8 },
      ];
      const { expected, seen } = await run(phases, { restartAfter: 1 });
      expect(seen).toEqual(expected);
    }
  }, 60_000);

  it('comes in order also where another process drains the spool by schedule', async () => {
    const flapping = Array.from({ length: 6 }, (_, index): Phase => {
      const parts: readonly Part[] = index % 2 === 0 ? ['warehouse'] : [];
      return { parts, changes: 4 };
    });
    const both: Phase = { parts: ['bus', 'warehouse'], changes: 8 };
    const phases: Phase[] = [{ parts: [], changes: 2 }, both, ...flapping, both, ...flapping];
    const { expected, seen } = await run(phases, { beside: true });
    expect(seen).toEqual(expected);
  }, 60_000);

  it('is taken from the spool that a process has left there, once it is not fresh', async () => {
    await using stack = new AsyncDisposableStack();
    const { relay } = await startProcess(stack);
    const left = [change(0), change(0)];
    await new Spool({ database, maxBytes: 1024 ** 3 }).add(left, false);
    expect(await relay.drainSpool()).toBe(0);
    await expect.poll(() => relay.drainSpool(), within).toBe(2);
    const ids = left.map(({ event_id }) => event_id);
    await expect.poll(() => received.map(({ event_id }) => event_id), within).toEqual(ids);
    expect(await relay.drainSpool()).toBe(0);
  });

  it('comes whole, in any course of outages of any two', async () => {
    const parts = fc.constantFrom<readonly Part[]>(
      [],
      ['bus'],
      ['warehouse'],
      ['database'],
      ['bus', 'warehouse'],
      ['bus', 'database'],
      ['warehouse', 'database'],
    );
    const phase = fc.record({ parts, changes: fc.integer({ min: 1, max: 6 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(phase, { minLength: 1, maxLength: 6 }), async (phases) => {
        const { expected, seen } = await run(phases, { entities: 3 });
        const inOrder = phases.every((one) => !one.parts.includes('database'));
        const sorted = (map: Map<string, string[]>) =>
          [...map].map(([key, ids]) => [key, inOrder ? ids : ids.toSorted()]).toSorted();
        expect(sorted(seen)).toEqual(sorted(expected));
      }),
      { numRuns: 12 },
    );
  }, 240_000);
});
