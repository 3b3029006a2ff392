// Real: the ledger in Postgres, embedded and as a server, and the in-process bus. Asserted: effects, however often a
// message is delivered.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { consume } from '#services/consumers/consume.ts';
import type { Consumer } from '#services/consumers/consumer.ts';
import { EventMessage } from '#services/outbox/event-message.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { temporaryBus } from '../support/embedded-drivers.ts';

const within = { timeout: 10_000 };
const backoff = { minMs: 1, maxMs: 5 };
let stack: AsyncDisposableStack;
let database: Database;
let bus: Bus;

const publish = (...events: CanonicalEvent[]) =>
  bus.publish(
    EVENTS_TOPIC,
    events.map((event) => new EventMessage(event)),
  );

/** Ids of the events that took effect, one for each time they did. */
async function effects(consumer: string): Promise<string[]> {
  const rows = await database.query<{ event_id: string }>(
    'SELECT event_id FROM effects WHERE consumer = $1',
    [consumer],
  );
  return rows.map((row) => row.event_id).sort();
}

async function ledger(consumer: string): Promise<string[]> {
  const rows = await database.query<{ event_id: string }>(
    'SELECT event_id FROM processed_events WHERE consumer = $1',
    [consumer],
  );
  return rows.map((row) => row.event_id).sort();
}

const idsOf = (...indexes: number[]) => indexes.map((index) => testEvent(index).event_id).sort();

/** A consumer that writes a row for each event; `react` comes after the row. */
function recording(
  name: string,
  react: (event: CanonicalEvent, tx: Queryable) => Promise<void> = async () => {},
): Consumer {
  return {
    name,
    options: { backoff },
    handle: async (event, tx) => {
      await tx.query('INSERT INTO effects VALUES ($1, $2)', [name, event.event_id]);
      await react(event, tx);
    },
  };
}

describeOnEachDatabase('consume', (open) => {
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    bus = await temporaryBus(stack);
    await database.query('CREATE TABLE effects (consumer text, event_id uuid)');
  });
  afterAll(() => stack.disposeAsync());

  it('gives an event one effect, however often it is delivered', async () => {
    const seen: CanonicalEvent[] = [];
    await consume(
      bus,
      database,
      recording('once', async (event) => void seen.push(event)),
    );
    await publish(testEvent(1), testEvent(1), testEvent(2));
    await publish(testEvent(1), testEvent(2), testEvent(3));
    await expect.poll(() => effects('once'), within).toEqual(idsOf(1, 2, 3));
    // A later message of the same entity is delivered after all before it.
    await publish(testEvent(4, { entity_id: '1' }));
    await expect.poll(() => effects('once'), within).toEqual(idsOf(1, 2, 3, 4));
    expect(seen).toHaveLength(4);
    expect(seen[0]).toEqual(testEvent(1));
    expect(await ledger('once')).toEqual(idsOf(1, 2, 3, 4));
  });

  it('takes effect and ledger entry back when the handler fails, and delivers again', async () => {
    let attempts = 0;
    const failing = async () => {
      attempts += 1;
      if (attempts <= 3) throw new Error('not now');
    };
    await consume(bus, database, recording('failing', failing));
    await publish(testEvent(10));
    await expect.poll(() => effects('failing'), within).toEqual(idsOf(10));
    expect(attempts).toBe(4);
    expect(await ledger('failing')).toEqual(idsOf(10));
  });

  it('takes the effect back when a statement fails, although the handler swallows it', async () => {
    let attempts = 0;
    const swallowing = async (_event: CanonicalEvent, tx: Queryable) => {
      attempts += 1;
      if (attempts === 1) await tx.query('SELECT 1 / 0').catch(() => undefined);
    };
    await consume(bus, database, recording('swallowing', swallowing));
    await publish(testEvent(20));
    await expect.poll(() => effects('swallowing'), within).toEqual(idsOf(20));
    expect(attempts).toBe(2);
  });

  it('keeps a ledger for each consumer', async () => {
    await consume(bus, database, recording('one'));
    await consume(bus, database, recording('other'));
    await publish(testEvent(30));
    await expect.poll(() => effects('one'), within).toEqual(idsOf(30));
    await expect.poll(() => effects('other'), within).toEqual(idsOf(30));
  });

  it('goes on where it stopped', async () => {
    const before = await consume(bus, database, recording('stopped'));
    await before.close();
    await publish(testEvent(40));
    await consume(bus, database, recording('stopped'));
    await expect.poll(() => effects('stopped'), within).toEqual(idsOf(40));
  });
});
