// Real: accept and its bookkeeping. Doubled: the bus and the warehouse, whose confirmations the test
// decides on. Asserted: what is answered, what is given to both, what the relay is told.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messageBytes } from '#platform/bus/message-size.ts';
import { EventTooLarge, InvalidEvent, InvalidRow, NotDurable } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { createAccept } from './accept.ts';
import { EventMessage } from './event-message.ts';
import { canonicalEvents, testEvent } from './events.test-support.ts';
import { acceptParts, FakeBus, FakeWarehouse, type Fate } from './fakes.test-support.ts';

const PATIENCE_MS = 400;
const DEADLINE_MS = 2_500;

function setUp(options: { busDurable?: boolean; retryAfterSeconds?: number } = {}) {
  const bus = new FakeBus(options.busDurable ?? false);
  const warehouse = new FakeWarehouse();
  const { retryAfterSeconds } = options;
  const parts = acceptParts();
  const accept = createAccept({
    ...parts,
    bus,
    warehouse,
    patienceMs: PATIENCE_MS,
    deadlineMs: DEADLINE_MS,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
  return { ...parts, bus, warehouse, accept };
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
  readonly spool: Fate;
  /** When the answer comes, and which; 503 is NotDurable. */
  readonly answer: readonly [afterMs: number, status: 200 | 503];
  /** What the relay has to do once everything has settled or the time is up. */
  readonly healing: 'nothing' | 'carries again' | 'waits';
}

/** Without the columns that do not matter: the bus is durable, the spool refuses. */
const one = (
  outbox: Fate,
  bus: Fate,
  answer: Case['answer'],
  healing: Case['healing'],
  more: Partial<Case> = {},
): Case => ({ outbox, bus, answer, healing, busDurable: true, spool: 'refuse', ...more });

const embedded = { busDurable: false };
const spooled = { spool: 'confirm' } as const;

const cases: readonly Case[] = [
  one('confirm', 'confirm', [0, 200], 'nothing'),
  one('confirm', 'confirm', [0, 200], 'nothing', embedded),
  one('confirm', 'refuse', [0, 200], 'carries again'),
  one('confirm', 'refuse', [0, 200], 'carries again', embedded),
  one('confirm', 'hang', [PATIENCE_MS, 200], 'waits'),
  one('confirm', 'hang', [PATIENCE_MS, 200], 'waits', embedded),
  one('refuse', 'confirm', [0, 200], 'nothing'),
  one('refuse', 'confirm', [0, 503], 'nothing', embedded),
  one('refuse', 'confirm', [0, 200], 'nothing', { ...embedded, ...spooled }),
  one('hang', 'confirm', [PATIENCE_MS, 200], 'nothing'),
  one('hang', 'confirm', [DEADLINE_MS, 503], 'nothing', embedded),
  one('hang', 'confirm', [PATIENCE_MS, 200], 'nothing', { ...embedded, ...spooled }),
  one('refuse', 'refuse', [0, 503], 'nothing'),
  one('refuse', 'refuse', [0, 200], 'nothing', spooled),
  one('refuse', 'refuse', [DEADLINE_MS, 503], 'nothing', { spool: 'hang' }),
  one('refuse', 'hang', [DEADLINE_MS, 503], 'waits'),
  one('refuse', 'hang', [PATIENCE_MS, 200], 'waits', spooled),
  one('hang', 'refuse', [DEADLINE_MS, 503], 'waits'),
  one('hang', 'refuse', [PATIENCE_MS, 200], 'nothing', spooled),
  one('hang', 'hang', [DEADLINE_MS, 503], 'waits'),
  one('hang', 'hang', [PATIENCE_MS, 200], 'waits', spooled),
  one('hang', 'hang', [DEADLINE_MS, 503], 'waits', { spool: 'hang' }),
];

describe('accept, by what outbox, bus and spool confirm', () => {
  it.each(cases)(
    'outbox: $outbox, bus: $bus (durable: $busDurable), spool: $spool → $answer, $healing',
    async ({ outbox, bus: busFate, busDurable, spool: spoolFate, answer, healing }) => {
      const { accept, bus, warehouse, progress, spool, gate } = setUp({ busDurable });
      warehouse.fate = outbox;
      bus.fate = busFate;
      spool.fate = spoolFate;
      const before = testEvent(1);
      const event = testEvent(2);
      progress.begin(before.received_at).succeed();

      const startedAtMs = Date.now();
      const outcome = accept([event]).then(
        ({ accepted }) => [Date.now() - startedAtMs, accepted === 1 ? 200 : 0],
        (error) => [Date.now() - startedAtMs, error.status],
      );
      await vi.advanceTimersByTimeAsync(DEADLINE_MS);
      expect(await outcome).toEqual(answer);
      expect(warehouse.rowsOf(OUTBOX.name)).toMatchObject([{ event_id: event.event_id }]);
      expect(bus.eventIds).toEqual([event.event_id]);
      expect(gate.isOpen).toBe(busFate !== 'refuse');

      let carriedFrom: string | undefined;
      await progress.heal(async (from) => {
        carriedFrom = from;
      });
      expect(carriedFrom).toBe(healing === 'carries again' ? event.received_at : undefined);
      // While it is not known where the event is, the watermark may not pass it.
      expect(progress.publishedThrough).toBe(event.received_at);
      progress.begin(testEvent(3).received_at).succeed();
      const passed = healing === 'waits' ? event.received_at : testEvent(3).received_at;
      expect(progress.publishedThrough).toBe(passed);
      vi.clearAllTimers();
    },
  );

  it('takes a late confirmation while it waits for the spool', async () => {
    const { accept, warehouse, bus, spool } = setUp();
    warehouse.fate = 'hang';
    bus.fate = 'hang';
    spool.fate = 'hang';
    const accepting = accept([testEvent(1)]);
    await vi.advanceTimersByTimeAsync(PATIENCE_MS + 1);
    warehouse.calls.release();
    await expect(accepting).resolves.toMatchObject({ accepted: 1 });
  });

  it('does not spool what no store can hold', async () => {
    const { accept, warehouse, bus, spool } = setUp();
    vi.spyOn(warehouse, 'append').mockRejectedValue(new InvalidRow('too long'));
    bus.fate = 'refuse';
    spool.fate = 'confirm';
    await expect(accept([testEvent(1)])).rejects.toBeInstanceOf(InvalidRow);
    expect(spool.held).toEqual([]);
  });
});

describe('accept, what the relay is told of spooled events', () => {
  it.each(['refuse', 'hang'] as const)(
    'knows since when events are spooled (outbox: %s)',
    async (outbox) => {
      const { accept, warehouse, bus, spool, progress } = setUp({ busDurable: true });
      warehouse.fate = outbox;
      bus.fate = 'refuse';
      spool.fate = 'confirm';
      const accepting = accept([testEvent(1)]);
      await vi.advanceTimersByTimeAsync(PATIENCE_MS);
      await accepting;
      expect([progress.missing, progress.spooledSince]).toEqual([false, testEvent(1).received_at]);
    },
  );
});

describe('accept, while earlier events wait to be carried', () => {
  it('does not publish past them: the outbox alone makes it durable, the relay carries it', async () => {
    const { accept, bus, gate, progress } = setUp({ busDurable: true });
    gate.close();
    await expect(accept([testEvent(1)])).resolves.toMatchObject({ accepted: 1 });
    expect(bus.eventIds).toEqual([]);
    expect([progress.missing, progress.publishedThrough]).toEqual([true, testEvent(1).received_at]);
  });

  it('spools what the outbox does not take, and publishes it past them only as a last resort', async () => {
    const { accept, bus, gate, spool, warehouse } = setUp({ busDurable: true });
    gate.close();
    warehouse.fate = 'refuse';
    spool.fate = 'confirm';
    await expect(accept([testEvent(1)])).resolves.toMatchObject({ accepted: 1 });
    expect([spool.held.length, bus.eventIds]).toEqual([1, []]);
    spool.fate = 'refuse';
    await expect(accept([testEvent(2)])).resolves.toMatchObject({ accepted: 1 });
    expect(bus.eventIds).toEqual([testEvent(2).event_id]);
  });

  it('opens after all that was left has its place, and keeps the order of what came meanwhile', async () => {
    const { accept, bus, gate, warehouse } = setUp({ busDurable: true });
    gate.close();
    warehouse.fate = 'hang';
    const left = accept([testEvent(1)]);
    const carried: string[] = [];
    const opening = gate.open(async () => {
      carried.push('last round');
    });
    warehouse.fate = 'confirm';
    const held = [2, 3, 4].map((index) => accept([testEvent(index)]));
    await vi.advanceTimersByTimeAsync(10);
    // Where the first is to be found is not known yet.
    expect([carried, bus.eventIds, gate.isOpen]).toEqual([[], [], false]);
    warehouse.calls.release();
    await opening;
    expect(gate.isOpen).toBe(true);
    const after = accept([testEvent(5)]);
    await Promise.all([left, ...held, after]);
    expect(carried).toEqual(['last round']);
    expect(bus.eventIds).toEqual([2, 3, 4, 5].map((index) => testEvent(index).event_id));
  });

  it('stays closed when the last round fails, and leaves what was held', async () => {
    const { accept, bus, gate, progress } = setUp({ busDurable: true });
    gate.close();
    let held: Promise<unknown> = Promise.resolve();
    const opening = gate.open(async () => {
      held = accept([testEvent(1)]);
      throw new Error('the bus is away');
    });
    await expect(opening).rejects.toThrow('the bus is away');
    await expect(held).resolves.toMatchObject({ accepted: 1 });
    expect([gate.isOpen, bus.eventIds, progress.missing]).toEqual([false, [], true]);
  });

  it('stays closed when a publish from before fails during the last round', async () => {
    const { accept, bus, gate } = setUp({ busDurable: true });
    bus.fate = 'hang';
    const first = accept([testEvent(1)]);
    gate.close();
    await gate.open(async () => {
      bus.calls.release(new Error('the bus is away'));
      await first;
    });
    expect(gate.isOpen).toBe(false);
  });
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
