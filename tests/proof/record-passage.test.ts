// The recorder of proof of passage. Real: the in-process bus, DuckDB. Doubled, where a test says so:
// a warehouse that is away. Asserted: what stands in integration_events_published, and what the bus
// keeps.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import { eventAttributes, orderingKey } from '#schemas/cloudevents.ts';
import { InvalidRow, WarehouseUnavailable } from '#schemas/problems.ts';
import { PUBLISHED } from '#schemas/tables.ts';
import { EVENTS_TOPIC, OBSERVATIONS_TOPIC } from '#schemas/topics.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { FakeWarehouse } from '#services/outbox/fakes.test-support.ts';
import { publishEvents } from '#services/outbox/publish-events.ts';
import { recordPassage } from '#services/proof/record-passage.ts';
import { temporaryBus, temporaryWarehouse } from '../support/embedded-drivers.ts';

const within = { timeout: 10_000 };
let stack: AsyncDisposableStack;
let bus: Bus;
let errors: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  bus = await temporaryBus(stack);
  errors = [];
});
afterEach(() => stack.disposeAsync());

const record = (warehouse: Warehouse, maxWaitMs = 5) =>
  recordPassage({ bus, warehouse, maxWaitMs, onError: (message) => void errors.push(message) });

const observed = testEvent(9, { event_type: 'deal.observed' });

describe('the recorder', () => {
  it('records messages of both topics as they were, with their attributes', async () => {
    const warehouse = await temporaryWarehouse(stack);
    await record(warehouse);
    const before = Date.now();
    const event = testEvent(1, { entity_id: 'größer "7"', org_id: 'org_1' });
    await publishEvents(bus, [event, observed], { carried_again: 'replay', replay_id: 'rep_1' });
    const read = () => proofs(warehouse);
    await expect.poll(read, within).toHaveLength(2);
    const [first, second] = await read();
    expect(first).toMatchObject({
      subscription_name: 'integration-events-published',
      data: JSON.stringify(event),
    });
    expect(JSON.parse(String(first?.attributes))).toEqual({
      ...eventAttributes(event),
      carried_again: 'replay',
      replay_id: 'rep_1',
    });
    expect(Date.parse(String(first?.publish_time))).toBeGreaterThanOrEqual(before);
    expect(second).toMatchObject({
      subscription_name: 'integration-observations-published',
      data: JSON.stringify(observed),
    });
  });

  it('records all messages of one busy key, many to an append', async () => {
    const warehouse = new FakeWarehouse();
    await record(warehouse, 50);
    const message = (index: number) => {
      const event = testEvent(index);
      return { data: JSON.stringify(event), attributes: {}, orderingKey: 'one key' };
    };
    for (let index = 0; index < 2_000; index += 100) {
      await bus.publish(
        EVENTS_TOPIC,
        Array.from({ length: 100 }, (_, offset) => message(index + offset)),
      );
    }
    await expect.poll(() => warehouse.rowsOf(PUBLISHED.name).length, within).toBe(2_000);
    expect(warehouse.appended.length).toBeLessThan(100);
  });

  it('leaves with the bus what could not be recorded, and says so once', async () => {
    const away = new FakeWarehouse();
    away.append = () => Promise.reject(new WarehouseUnavailable('It is away.'));
    const first = await record(away);
    await publishEvents(bus, [testEvent(1), testEvent(2), observed]);
    await expect.poll(() => errors.length, within).toBe(1);
    await first.close();
    const back = new FakeWarehouse();
    await record(back);
    await expect.poll(() => idsOf(back.rowsOf(PUBLISHED.name)).size, within).toBe(3);
    expect(errors).toHaveLength(1);
  });

  it('records by itself once the warehouse is back', async () => {
    const warehouse = new FakeWarehouse();
    warehouse.fate = 'refuse';
    await record(warehouse);
    await publishEvents(bus, [testEvent(1)]);
    await expect.poll(() => errors.length, within).toBe(1);
    warehouse.appended.length = 0;
    warehouse.fate = 'confirm';
    await expect.poll(() => warehouse.rowsOf(PUBLISHED.name).length, within).toBe(1);
  });

  it('tries a batch again in its place, before the bus has to bring its messages once more', async () => {
    const warehouse = new FakeWarehouse();
    warehouse.fate = 'refuse';
    const subscribe = bus.subscribe.bind(bus);
    let deliveries = 0;
    bus.subscribe = (topic, name, handler, options) =>
      subscribe(
        topic,
        name,
        (delivery, signal) => {
          deliveries += 1;
          return handler(delivery, signal);
        },
        options,
      );
    await record(warehouse);
    await publishEvents(bus, [testEvent(1), testEvent(2), testEvent(3)]);
    await expect.poll(() => errors.length, within).toBe(1);
    warehouse.appended.length = 0;
    warehouse.fate = 'confirm';
    await expect.poll(() => warehouse.rowsOf(PUBLISHED.name).length, within).toBe(3);
    expect(deliveries).toBe(3);
  });

  it('gives up a message that fits no row, and records its neighbours', async () => {
    const warehouse = new FakeWarehouse();
    const recorded: Row[] = [];
    const misfit = testEvent(2).event_id;
    warehouse.append = async (_table, rows) => {
      if (rows.some(({ data }) => String(data).includes(misfit))) {
        throw new InvalidRow('The row is too long.');
      }
      recorded.push(...rows);
    };
    await record(warehouse, 50);
    await publishEvents(bus, [testEvent(1), testEvent(2), testEvent(3)]);
    await expect.poll(() => recorded.length, within).toBe(2);
    await expect.poll(() => errors, within).toEqual([expect.stringContaining('no proof')]);
  });

  it('records what came before it was started, and before it was closed, without waiting', async () => {
    const warehouse = new FakeWarehouse();
    const first = await record(warehouse, 60_000);
    await publishEvents(bus, [testEvent(1)]);
    await first.close();
    expect(idsOf(warehouse.rowsOf(PUBLISHED.name))).toEqual(new Set([testEvent(1).event_id]));
    await bus.publish(OBSERVATIONS_TOPIC, [
      {
        data: JSON.stringify(observed),
        attributes: eventAttributes(observed),
        orderingKey: orderingKey(observed),
      },
    ]);
    const second = await record(warehouse);
    await expect.poll(() => idsOf(warehouse.rowsOf(PUBLISHED.name)).size, within).toBe(2);
    await second.close();
  });
});

const idsOf = (rows: readonly Row[]) =>
  new Set(rows.map(({ data }) => JSON.parse(String(data)).event_id));

/** Proofs of the last hour, events first. */
async function proofs(warehouse: Warehouse): Promise<Row[]> {
  const rows = await warehouse.query<Record<string, string>>('published-messages', {
    from_time: new Date(Date.now() - 3_600_000).toISOString(),
    to_time: new Date(Date.now() + 3_600_000).toISOString(),
    event_ids: [testEvent(1), observed].map(({ event_id }) => event_id).join(','),
  });
  return rows.toSorted((a, b) =>
    String(a.subscription_name) < String(b.subscription_name) ? -1 : 1,
  );
}
