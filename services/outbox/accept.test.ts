// Real: accept and its bookkeeping. Doubled: the bus and the warehouse, whose confirmations the test
// decides on. Asserted: what is answered, what is given to both, what the relay is told.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messageBytes } from '#platform/bus/message-size.ts';
import { EventTooLarge, InvalidEvent, NotDurable } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { createAccept } from './accept.ts';
import { EventMessage } from './event-message.ts';
import { canonicalEvents, testEvent } from './events.test-support.ts';
import { FakeBus, FakeWarehouse, type Fate } from './fakes.test-support.ts';
import { PublishProgress } from './publish-progress.ts';

const DEADLINE_MS = 2_500;

function setUp(options: { busDurable?: boolean; retryAfterSeconds?: number } = {}) {
  const bus = new FakeBus(options.busDurable ?? false);
  const warehouse = new FakeWarehouse();
  const progress = new PublishProgress();
  const { retryAfterSeconds } = options;
  const accept = createAccept({
    bus,
    warehouse,
    progress,
    deadlineMs: DEADLINE_MS,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
  return { bus, warehouse, progress, accept };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Case {
  readonly outbox: Fate;
  readonly bus: Fate;
  readonly busDurable: boolean;
  readonly accepted: boolean;
  /** What the relay has to do once everything has settled or the time is up. */
  readonly healing: 'nothing' | 'carries again' | 'waits';
}

const cases: readonly Case[] = [
  { outbox: 'confirm', bus: 'confirm', busDurable: false, accepted: true, healing: 'nothing' },
  { outbox: 'confirm', bus: 'confirm', busDurable: true, accepted: true, healing: 'nothing' },
  { outbox: 'confirm', bus: 'refuse', busDurable: false, accepted: true, healing: 'carries again' },
  { outbox: 'confirm', bus: 'hang', busDurable: false, accepted: true, healing: 'waits' },
  { outbox: 'refuse', bus: 'confirm', busDurable: true, accepted: true, healing: 'nothing' },
  { outbox: 'refuse', bus: 'confirm', busDurable: false, accepted: false, healing: 'nothing' },
  { outbox: 'hang', bus: 'confirm', busDurable: true, accepted: true, healing: 'waits' },
  { outbox: 'hang', bus: 'confirm', busDurable: false, accepted: false, healing: 'waits' },
  { outbox: 'refuse', bus: 'refuse', busDurable: true, accepted: false, healing: 'carries again' },
  { outbox: 'refuse', bus: 'hang', busDurable: true, accepted: false, healing: 'waits' },
  { outbox: 'hang', bus: 'refuse', busDurable: true, accepted: false, healing: 'waits' },
  { outbox: 'hang', bus: 'hang', busDurable: true, accepted: false, healing: 'waits' },
];

describe('accept, by what the outbox and the bus confirm', () => {
  it.each(cases)(
    'outbox: $outbox, bus: $bus, bus durable: $busDurable → accepted: $accepted',
    async ({ outbox, bus: busFate, busDurable, accepted, healing }) => {
      const { accept, bus, warehouse, progress } = setUp({ busDurable });
      warehouse.fate = outbox;
      bus.fate = busFate;
      const before = testEvent(1);
      const event = testEvent(2);
      progress.begin(before.received_at).succeed();

      const outcome = accept([event]).then(
        (acceptance) => ({ acceptance }),
        (error: unknown) => ({ error }),
      );
      await vi.advanceTimersByTimeAsync(DEADLINE_MS);

      if (accepted) expect(await outcome).toEqual({ acceptance: { accepted: 1, duplicates: 0 } });
      else expect(await outcome).toMatchObject({ error: { code: 'not_durable' } });
      expect(warehouse.rowsOf(OUTBOX.name)).toMatchObject([{ event_id: event.event_id }]);
      expect(bus.eventIds).toEqual([event.event_id]);

      let carriedFrom: string | undefined;
      await progress.heal(async (from) => {
        carriedFrom = from;
      });
      expect(carriedFrom).toBe(healing === 'carries again' ? event.received_at : undefined);
      // While one side has not answered, the watermark may not pass the event.
      expect(progress.publishedThrough).toBe(event.received_at);
      progress.begin(testEvent(3).received_at).succeed();
      const passed = healing === 'waits' ? event.received_at : testEvent(3).received_at;
      expect(progress.publishedThrough).toBe(passed);
      vi.clearAllTimers();
    },
  );
});

describe('accept', () => {
  it('answers as soon as both sides have, without waiting for the deadline', async () => {
    const { accept } = setUp();
    await expect(accept([testEvent(1)])).resolves.toEqual({ accepted: 1, duplicates: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for the slower side while the deadline allows it', async () => {
    const { accept, warehouse } = setUp();
    warehouse.fate = 'hang';
    const accepting = accept([testEvent(1)]);
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    warehouse.calls.release();
    await expect(accepting).resolves.toEqual({ accepted: 1, duplicates: 0 });
  });

  it('tells a refused sender when to come back, and keeps the cause', async () => {
    const { accept, bus, warehouse } = setUp({ retryAfterSeconds: 7 });
    warehouse.fate = 'refuse';
    bus.fate = 'refuse';
    const error = await accept([testEvent(1)]).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(NotDurable);
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 7 });
    expect((error as NotDurable).cause).toMatchObject({ message: 'the disk is full' });
  });

  it('takes nothing for nothing', async () => {
    const { accept, bus, warehouse } = setUp();
    await expect(accept([])).resolves.toEqual({ accepted: 0, duplicates: 0 });
    expect([warehouse.appended, bus.published]).toEqual([[], []]);
  });

  it('gives the rows and the messages of a batch in its order', async () => {
    const { accept, bus, warehouse } = setUp();
    const events = [5, 3, 9].map((index) => testEvent(index));
    await accept(events);
    const ids = events.map((event) => event.event_id);
    expect(warehouse.appended).toHaveLength(1);
    expect(warehouse.rowsOf(OUTBOX.name).map((row) => row.event_id)).toEqual(ids);
    expect(bus.eventIds).toEqual(ids);
  });
});

describe('accept, repetitions', () => {
  it('stores an event again only while no store has confirmed it', async () => {
    const { accept, bus, warehouse } = setUp();
    warehouse.fate = 'refuse';
    await expect(accept([testEvent(1)])).rejects.toBeInstanceOf(NotDurable);
    warehouse.fate = 'confirm';
    await expect(accept([testEvent(1)])).resolves.toEqual({ accepted: 1, duplicates: 0 });
    await expect(accept([testEvent(1)])).resolves.toEqual({ accepted: 0, duplicates: 1 });
    expect(warehouse.appended).toHaveLength(2);
    expect(bus.eventIds).toHaveLength(2);
  });

  it('does not wave through a repetition while the first is on its way', async () => {
    const { accept, warehouse } = setUp();
    warehouse.fate = 'hang';
    const first = accept([testEvent(1)]);
    const second = accept([testEvent(1)]);
    warehouse.calls.release(new Error('the disk is full'));
    await expect(first).rejects.toBeInstanceOf(NotDurable);
    await expect(second).rejects.toBeInstanceOf(NotDurable);
  });

  it('stores what is new of a batch and counts the rest', async () => {
    const { accept, bus } = setUp();
    await accept([testEvent(1), testEvent(2)]);
    const again = [testEvent(2), testEvent(3), testEvent(1)];
    await expect(accept(again)).resolves.toEqual({ accepted: 1, duplicates: 2 });
    expect(bus.eventIds).toHaveLength(3);
  });
});

/** An event whose message has so many bytes. */
function eventOf(bytes: number, character: string) {
  const empty = messageBytes(new EventMessage(testEvent(2, { payload: { text: '' } })));
  const room = bytes - empty;
  const width = Buffer.byteLength(character);
  const text = character.repeat(Math.floor(room / width)) + 'x'.repeat(room % width);
  return testEvent(2, { payload: { text } });
}

describe('accept, sizes', () => {
  it.each(['x', 'ä', '東'])('takes a message as large as the bus carries, of %s', async (one) => {
    const { accept, bus } = setUp();
    const event = eventOf(bus.maxMessageBytes, one);
    await expect(accept([event])).resolves.toEqual({ accepted: 1, duplicates: 0 });
  });

  it.each(['x', 'ä', '東'])('refuses one byte more, of %s, and stores nothing', async (one) => {
    const { accept, bus, warehouse, progress } = setUp({ busDurable: true });
    const event = eventOf(bus.maxMessageBytes + 1, one);
    const refusal = accept([testEvent(1), event]);
    await expect(refusal).rejects.toBeInstanceOf(EventTooLarge);
    await expect(refusal).rejects.toThrow(`${bus.maxMessageBytes + 1} bytes`);
    expect([warehouse.appended, bus.published]).toEqual([[], []]);
    expect(progress.publishedThrough).toBeUndefined();
  });
});

const inexact: readonly { name: string; payload: Record<string, unknown>; pointer: string }[] = [
  { name: 'a decimal', payload: { amount: 12.5 }, pointer: '/payload/amount' },
  { name: 'a number too large', payload: { a: [0, { b: 2 ** 53 }] }, pointer: '/payload/a/1/b' },
  { name: 'no number', payload: { a: Number.NaN }, pointer: '/payload/a' },
  { name: 'a value that is not JSON', payload: { a: 1n }, pointer: '/payload/a' },
  { name: 'a name with a slash', payload: { 'a/b~c': 0.1 }, pointer: '/payload/a~1b~0c' },
];

describe('accept, inexact payloads', () => {
  it.each(inexact)('refuses the whole batch for $name, and says where', async (one) => {
    const { accept, bus, warehouse, progress } = setUp();
    const refusal = accept([testEvent(1), testEvent(2, { payload: one.payload })]);
    await expect(refusal).rejects.toBeInstanceOf(InvalidEvent);
    await expect(refusal).rejects.toMatchObject({
      status: 422,
      faults: [{ pointer: one.pointer }],
    });
    expect([warehouse.appended, bus.published]).toEqual([[], []]);
    expect(progress.publishedThrough).toBeUndefined();
  });

  it('takes every event whose payload is exact', async () => {
    await fc.assert(
      fc.asyncProperty(canonicalEvents, async (event) => {
        const { accept, bus } = setUp();
        await accept([event]);
        expect(bus.published.map(({ data }) => JSON.parse(data))).toEqual([event]);
      }),
    );
  });
});
