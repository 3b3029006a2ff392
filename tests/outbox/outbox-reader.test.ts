// Real: the reader on DuckDB with its journal. Doubled: nothing but how much a stream may hold, so that
// few rows make many windows. Asserted: which rows come, once each, in which order, and in how many
// pieces.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { eventToRow, type OutboxRow } from '#services/outbox/event-row.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { type ReadOutboxOptions, readOutbox } from '#services/outbox/outbox-reader.ts';
import { outboxWindows, type Window } from '#services/outbox/outbox-windows.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';

const START = '2000-01-01T00:00:00.000Z';
const END = '2100-01-01T00:00:00.000Z';
const BASE_MS = Date.UTC(2026, 0, 31, 23, 59, 0);
const at = (ms: number) => new Date(BASE_MS + ms).toISOString();

let stack: AsyncDisposableStack;
let duckDb: Warehouse;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  duckDb = await temporaryWarehouse(stack);
});
afterEach(() => stack.disposeAsync());

/** The warehouse, as one that may hold less. */
function bounded(rows: number, bytes?: number): Warehouse {
  return {
    append: (table, appended) => duckDb.append(table, appended),
    query: (name, params) => duckDb.query(name, params),
    stream: (name, params) => duckDb.stream(name, params),
    streamBounds: { rows, ...(bytes !== undefined && { bytes }) },
    check: () => duckDb.check(),
    close: () => duckDb.close(),
  };
}

/** An event received so many ms after the base; its id says nothing of the order. */
const event = (index: number, ms: number, overrides: Partial<CanonicalEvent> = {}) =>
  testEvent(index, { received_at: at(ms), occurred_at: at(ms - 1_000), ...overrides });

async function store(...events: readonly CanonicalEvent[]): Promise<void> {
  await duckDb.append(OUTBOX.name, events.map(eventToRow));
}

async function read(options: Partial<ReadOutboxOptions> = {}, warehouse: Warehouse = duckDb) {
  const rows: OutboxRow[] = [];
  for await (const batch of readOutbox(warehouse, { from: START, ...options })) rows.push(...batch);
  return rows;
}

const idsOf = (rows: readonly { readonly event_id: string }[]) => rows.map((row) => row.event_id);
const inOrder = (events: readonly CanonicalEvent[]) =>
  events.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
const orderOf = (row: { received_at: string; occurred_at: string; event_id: string }) =>
  `${row.received_at} ${row.occurred_at} ${row.event_id}`;

/** Over midnight, a crowded minute, a crowded second, and a crowd of one time of receipt. */
const CROWD: readonly CanonicalEvent[] = [
  ...Array.from({ length: 20 }, (_, index) => event(index, index * 11_000)),
  ...Array.from({ length: 60 }, (_, index) => event(100 + index, 30_000 + index * 90)),
  ...Array.from({ length: 80 }, (_, index) => event(200 + index, 61_000 + index)),
  ...Array.from({ length: 50 }, (_, index) =>
    event(300 + index, 70_000, { occurred_at: at((index * 7) % 5) }),
  ),
  event(400, 3 * 86_400_000),
];

describe('reading the outbox', () => {
  it('gives nothing of an empty outbox', async () => {
    expect(await read()).toEqual([]);
  });

  it.each([1, 7, 50, 79, 10_000])(
    'gives each row once, in order, with windows of %i rows',
    async (rows) => {
      await store(...CROWD.toReversed());
      expect(idsOf(await read({}, bounded(rows)))).toEqual(idsOf(inOrder(CROWD)));
    },
  );

  it('gives the changes of one receipt in the order in which they happened', async () => {
    const changes = Array.from({ length: 12 }, (_, index) =>
      event(index, 0, { occurred_at: at(-index) }),
    );
    await store(...changes);
    expect(idsOf(await read())).toEqual(idsOf(changes.toReversed()));
  });

  it('gives rows as they were, and a repeated one as often as it stands there', async () => {
    await store(event(1, 1), event(1, 5));
    await store(event(2, 3));
    expect(await read()).toEqual([event(1, 1), event(2, 3), event(1, 5)].map(eventToRow));
  });

  const edges = [
    { name: 'from is inclusive', options: { from: at(2) }, expected: [2, 3, 4] },
    { name: 'to is exclusive', options: { to: at(3) }, expected: [1, 2] },
    { name: 'both', options: { from: at(2), to: at(4) }, expected: [2, 3] },
    { name: 'a range before all', options: { to: at(1) }, expected: [] },
    { name: 'a range of nothing', options: { from: at(3), to: at(3) }, expected: [] },
    { name: 'a range turned round', options: { from: at(4), to: at(1) }, expected: [] },
  ];
  it.each(edges)('keeps to its range: $name', async ({ options, expected }) => {
    const events = [1, 2, 3, 4].map((ms) => event(ms, ms));
    await store(...events);
    for (const rows of [1, 2, 10]) {
      expect(idsOf(await read(options, bounded(rows)))).toEqual(
        expected.map((ms) => event(ms, ms).event_id),
      );
    }
  });

  it('reads on behind any of its rows', async () => {
    await store(...CROWD);
    const warehouse = bounded(7);
    const all = await read({}, warehouse);
    for (let index = 0; index < all.length; index += 13) {
      const after = all[index] as OutboxRow;
      expect(idsOf(await read({ after }, warehouse))).toEqual(idsOf(all.slice(index + 1)));
    }
  });

  const filters = [
    { name: 'tenant', filter: { tenantId: 'other' }, expected: [2] },
    { name: 'organisation', filter: { orgId: 'o1' }, expected: [3] },
    { name: 'connection', filter: { connectionId: 'con_9' }, expected: [4] },
    { name: 'provider', filter: { provider: 'zoho' }, expected: [5] },
    { name: 'event type', filter: { eventType: 'deal.won' }, expected: [6] },
    { name: 'entity type', filter: { entityType: 'contact' }, expected: [7] },
    { name: 'entity', filter: { entityId: 'e8' }, expected: [8] },
    {
      name: 'no observations',
      filter: { withObservations: false },
      expected: [1, 2, 3, 4, 5, 6, 7, 8],
    },
    { name: 'an observation', filter: { eventType: 'deal.observed' }, expected: [9] },
    { name: 'several', filter: { tenantId: 'other', orgId: 'o1' }, expected: [] },
    { name: 'text that is SQL', filter: { tenantId: "x' OR '1'='1" }, expected: [] },
  ];
  it.each(filters)('filters by $name', async ({ filter, expected }) => {
    await store(
      event(1, 1),
      event(2, 2, { tenant_id: 'other' }),
      event(3, 3, { org_id: 'o1' }),
      event(4, 4, { connection_id: 'con_9' }),
      event(5, 5, { provider: 'zoho' }),
      event(6, 6, { event_type: 'deal.won' }),
      event(7, 7, { entity_type: 'contact' }),
      event(8, 8, { entity_id: 'e8' }),
      event(9, 9, { event_type: 'deal.observed' }),
    );
    expect(idsOf(await read({ filter }))).toEqual(idsOf(expected.map((ms) => event(ms, ms))));
  });

  it('gives what was there when it began, in order, while rows are appended all over', async () => {
    await store(...CROWD);
    const got: OutboxRow[] = [];
    let appended = 1_000;
    for await (const rows of readOutbox(bounded(7), { from: START })) {
      got.push(...rows);
      appended += 1;
      await store(event(appended, 5), event(appended + 500, 10 * 86_400_000));
    }
    const early = new Set(idsOf(CROWD));
    expect(idsOf(got.filter((row) => early.has(row.event_id)))).toEqual(idsOf(inOrder(CROWD)));
    expect(got.map(orderOf)).toEqual(got.map(orderOf).toSorted());
  });

  it('is left early and asked again', async () => {
    await store(...CROWD);
    for (let round = 0; round < 3; round += 1) {
      for await (const rows of readOutbox(bounded(7), { from: START })) {
        expect(rows.length).toBeGreaterThan(0);
        break;
      }
    }
    expect(await read()).toHaveLength(CROWD.length);
  });
});

describe('the windows of a range', () => {
  const windowsOf = async (warehouse: Warehouse) => {
    const windows: Window[] = [];
    for await (const window of outboxWindows(warehouse, { from: START, to: END })) {
      windows.push(window);
    }
    return windows;
  };

  it('is one where all of it fits', async () => {
    await store(...CROWD);
    expect(await windowsOf(duckDb)).toEqual([{ from: START, to: END, rows: CROWD.length }]);
  });

  it('follow on each other, and hold no more than they may but for one time of receipt', async () => {
    await store(...CROWD);
    const windows = await windowsOf(bounded(7));
    for (const [index, window] of windows.entries()) {
      expect(window.from >= (windows[index - 1]?.to ?? START)).toBe(true);
      const inside = CROWD.map((one) => one.received_at).filter(
        (time) => time >= window.from && time < window.to,
      );
      expect(window.rows).toBe(inside.length);
      expect(window.rows <= 7 || new Set(inside).size === 1).toBe(true);
    }
    expect(windows.reduce((sum, { rows }) => sum + rows, 0)).toBe(CROWD.length);
  });

  it('are smaller where payloads are large', async () => {
    const large = { text: 'x'.repeat(1_000) };
    await store(...[1, 2, 3, 4].map((ms) => event(ms, ms, { payload: large })));
    expect((await windowsOf(bounded(100, 2_500))).map(({ rows }) => rows)).toEqual([2, 2]);
  });
});
