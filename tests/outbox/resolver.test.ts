// The resolving stage. Real: the state in Postgres, embedded and as a server, the in-process bus, the
// resolution of records. Doubled: the warehouse and the adapter's reading of a payload. Asserted: what
// consumers get, in which order, and how often, whatever fails between.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Adapter, BoundAdapter } from '#adapters/kit/adapter.ts';
import { type RecordState, resolveRecord } from '#adapters/kit/resolve-record.ts';
import type { Bus, Subscription } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { NotDurable } from '#schemas/problems.ts';
import { EVENTS_TOPIC, OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import type { Connection } from '#services/connections/connection.ts';
import { testConnection } from '#services/connections/connections.test-support.ts';
import { ConnectionDirectory } from '#services/connections/directory.ts';
import { type Accept, createAccept } from '#services/outbox/accept.ts';
import { EventMessage } from '#services/outbox/event-message.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { acceptParts, FakeWarehouse } from '#services/outbox/fakes.test-support.ts';
import { ReceiptClock } from '#services/outbox/receipt-clock.ts';
import { startResolver } from '#services/resolver/resolver.ts';
import { ledgerCleanup } from '#services/tasks/ledger-cleanup.ts';
import { temporaryBus } from '../support/embedded-drivers.ts';

const within = { timeout: 15_000 };
let stack: AsyncDisposableStack;
let database: Database;
let bus: Bus;
let warehouse: FakeWarehouse;
let connections: Connection[];
let resolver: Subscription | undefined;
let acceptFault: ((events: readonly CanonicalEvent[]) => void) | undefined;
let got: CanonicalEvent[];
let reports: string[];

/** An adapter whose payload says the state of a record outright. */
const adapter = {
  provider: 'hubspot',
  settingsSchema: { parse: (settings: unknown) => settings },
  bind: (): Pick<BoundAdapter, 'resolve'> => ({
    resolve: ({ entity_type, entity_id, payload }, known, context) => {
      if (payload.broken === true) throw new Error('the adapter has a fault');
      const state = payload.state as Partial<RecordState>;
      return resolveRecord(
        {
          entityType: entity_type,
          entityId: entity_id,
          change: 'upsert',
          fields: {},
          complete: true,
          version: null,
          createdAtMs: null,
          outcome: undefined,
          ...state,
        },
        known,
        context,
      );
    },
  }),
} as unknown as Adapter;

let nextIndex = 0;
function observation(
  entityId: string,
  state: Partial<RecordState> | 'broken',
  overrides: Partial<CanonicalEvent> = {},
): CanonicalEvent {
  nextIndex += 1;
  return testEvent(nextIndex, {
    event_type: 'deal.observed',
    entity_id: entityId,
    payload: state === 'broken' ? { broken: true } : { state },
    ...overrides,
  });
}

const publish = (...events: CanonicalEvent[]) =>
  bus.publish(
    OBSERVATIONS_TOPIC,
    events.map((event) => new EventMessage(event)),
  );

/** What consumers got of an entity, once each, in order. */
function told(entityId: string): string[] {
  const ids = new Set<string>();
  return got
    .filter((event) => event.entity_id === entityId)
    .filter(({ event_id }) => !ids.has(event_id) && ids.add(event_id))
    .map((event) => event.event_type);
}

async function start(): Promise<void> {
  const directory = new ConnectionDirectory({
    load: async () => connections,
    adapters: new Map([['hubspot', adapter]]),
    onError: () => undefined,
  });
  const accept = createAccept({ ...acceptParts(), bus, warehouse, deadlineMs: 5_000 });
  const faulty: Accept = async (events) => {
    acceptFault?.(events);
    return accept(events);
  };
  const outbox = {
    accept: faulty,
    clock: new ReceiptClock(),
    drainSpool: async () => 0,
    close: async () => {},
  };
  resolver = await startResolver({
    bus,
    database,
    directory,
    outbox: async () => outbox,
    onError: (message) => void reports.push(message),
  });
}

async function restart(): Promise<void> {
  await resolver?.close();
  await start();
}

describeOnEachDatabase('the resolver', (open) => {
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    bus = await temporaryBus(stack);
    await bus.createSubscription(EVENTS_TOPIC, 'test');
    await bus.subscribe(EVENTS_TOPIC, 'test', async ({ data }) => {
      got.push(JSON.parse(data) as CanonicalEvent);
    });
  });
  afterAll(() => stack.disposeAsync());
  beforeEach(async () => {
    warehouse = new FakeWarehouse();
    connections = [testConnection('con_1', { tenantId: 'acme' })];
    acceptFault = undefined;
    got = [];
    reports = [];
    await restart();
  });

  it('publishes what observations mean, in the order of their entity', async () => {
    await publish(
      observation('1', { version: 1, fields: { stage: 'a' }, outcome: 'open' }),
      observation('2', { version: 1, fields: { stage: 'w' }, outcome: 'won' }),
      observation('1', { version: 2, fields: { stage: 'w' }, outcome: 'won' }),
      observation('1', { version: 3, change: 'deleted' }),
    );
    await expect
      .poll(() => told('1'), within)
      .toEqual(['deal.created', 'deal.updated', 'deal.won', 'deal.deleted']);
    await expect.poll(() => told('2'), within).toEqual(['deal.created', 'deal.won']);
  });

  it('is registered, enters the time of receipt, and passes over what is for another', async () => {
    expect(
      await database.query("SELECT topic, state FROM consumers WHERE name = 'resolver'"),
    ).toEqual([{ topic: OBSERVATIONS_TOPIC, state: 'running' }]);
    const seen = observation('registered', { version: 1 });
    const other = observation('registered', { version: 2, fields: { a: 1 } });
    const carriage = { carried_again: 'replay', only_consumer: 'another' } as const;
    await publish(seen);
    await bus.publish(OBSERVATIONS_TOPIC, [new EventMessage(other, carriage)]);
    await publish(observation('registered', { version: 3, change: 'deleted' }));
    await expect.poll(() => told('registered'), within).toEqual(['deal.created', 'deal.deleted']);
    const rows = await database.query(
      'SELECT received_at FROM resolved_observations WHERE observation_id = ANY($1::uuid[])',
      [[seen.event_id, other.event_id]],
    );
    expect(rows).toEqual([{ received_at: new Date(seen.received_at) }]);
  });

  it('gives each event an outbox row of its own that names its observation', async () => {
    const seen = observation('3', { fields: { amount: '12.50' } }, { org_id: 'north' });
    const again = observation('3', { fields: { amount: '13.00' } }, { org_id: 'north' });
    await publish(seen, again);
    await expect.poll(() => told('3'), within).toEqual(['deal.created', 'deal.updated']);
    const rows = warehouse.rowsOf('integration_events_outbox');
    expect(rows).toMatchObject([
      { event_type: 'deal.created', observation_id: seen.event_id, changed_fields: null },
      { event_type: 'deal.updated', observation_id: again.event_id, changed_fields: '["amount"]' },
    ]);
    const [created] = got;
    expect(created).toMatchObject({
      tenant_id: 'acme',
      org_id: 'north',
      connection_id: 'con_1',
      payload: seen.payload,
      occurred_at: seen.occurred_at,
      metadata: { trace_id: seen.metadata.trace_id, observation_id: seen.event_id },
    });
    expect(created?.event_id).not.toBe(seen.event_id);
    expect(created?.metadata.timestamp).toBe(created?.received_at);
  });

  it('tells the same events of an observation that is delivered again', async () => {
    const first = observation('4', { version: 1, outcome: 'won' });
    await publish(first, first);
    await restart();
    await publish(first, observation('4', { version: 2, fields: { a: 1 }, outcome: 'won' }));
    await expect
      .poll(() => told('4'), within)
      .toEqual(['deal.created', 'deal.won', 'deal.updated']);
  });

  it('resolves again to the same when it ended between the state and the outbox', async () => {
    let failures = 0;
    acceptFault = () => {
      failures += 1;
      if (failures <= 2) throw new NotDurable('The stores are away.', {});
    };
    const won = observation('5', { version: 1, outcome: 'won' });
    await publish(won, observation('5', { version: 2, fields: { a: 1 }, outcome: 'won' }));
    await expect
      .poll(() => told('5'), within)
      .toEqual(['deal.created', 'deal.won', 'deal.updated']);
    expect(failures).toBeGreaterThan(2);
  });

  it('holds up only its own entity while one observation cannot be resolved', async () => {
    connections = [];
    await restart();
    await publish(observation('6', { version: 1 }));
    connections = [testConnection('con_1', { tenantId: 'acme' })];
    await publish(observation('7', 'broken'), observation('8', { version: 1 }));
    await expect.poll(() => told('8'), within).toEqual(['deal.created']);
    await expect.poll(() => told('6'), within).toEqual(['deal.created']);
    expect(told('7')).toEqual([]);
    // One line, however many entities wait.
    expect(reports).toEqual([
      expect.stringMatching(
        /^Observation .* of connection con_1 could not be resolved; it is tried/,
      ),
    ]);
  });

  it('keeps connections and tenants apart', async () => {
    connections = [
      testConnection('con_1', { tenantId: 'acme' }),
      testConnection('con_2', { tenantId: 'globex' }),
    ];
    await restart();
    await publish(
      observation('9', { version: 1 }),
      observation('9', { version: 1 }, { connection_id: 'con_2', tenant_id: 'globex' }),
    );
    await expect
      .poll(() => got.map((event) => `${event.tenant_id} ${event.event_type}`).sort(), within)
      .toEqual(['acme deal.created', 'globex deal.created']);
  });

  it('the ledger clean-up removes old resolutions and keeps what is known of entities', async () => {
    await publish(observation('10', { version: 1 }));
    await expect.poll(() => told('10'), within).toEqual(['deal.created']);
    await database.query(
      "UPDATE resolved_observations SET resolved_at = now() - interval '9 days'",
    );
    const { removed } = await ledgerCleanup(database, 8)();
    expect(removed).toBeGreaterThan(0);
    expect(await database.query('SELECT 1 FROM resolved_observations')).toEqual([]);
    await publish(observation('10', { version: 1 }));
    await publish(observation('10', { version: 2, fields: { a: 1 } }));
    await expect.poll(() => told('10'), within).toEqual(['deal.created', 'deal.updated']);
  });
});
