// What the relay publishes at a time. Doubled: the bus, which confirms as a case says.
import { describe, expect, it } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import { BusUnavailable } from '#schemas/problems.ts';
import { CarryAgain } from './carry-again.ts';
import { eventToRow, type OutboxRow } from './event-row.ts';
import { testEvent } from './events.test-support.ts';

/** The row of an event as the outbox gives it, received in the second named. */
const row = (index: number, second = index) => {
  const received_at = new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString();
  return eventToRow(testEvent(index, { received_at })) as unknown as OutboxRow;
};
const rowsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, offset) => row(first + offset));

async function* pagesOf(...pages: OutboxRow[][]) {
  yield* pages;
}

function make(refuses: (attempt: number) => boolean = () => false) {
  const parts: string[][] = [];
  let attempts = 0;
  const publish: Bus['publish'] = async (_topic, messages) => {
    attempts += 1;
    if (refuses(attempts)) throw new BusUnavailable('It is slow.');
    parts.push(messages.map(({ data }) => JSON.parse(data).event_id));
  };
  const again = new CarryAgain({ publish } as Bus);
  const reached: string[] = [];
  const carry = (...pages: OutboxRow[][]) =>
    again.carry(
      pagesOf(...pages),
      () => undefined,
      (through) => reached.push(through),
    );
  const sizes = () => parts.map(({ length }) => length);
  return { carry, parts, reached, sizes };
}

describe('carrying again', () => {
  it('publishes in the order of receipt, in parts, and tells how far it is', async () => {
    const { carry, parts, reached, sizes } = make();
    const rows = rowsFrom(0, 1_200);
    expect(await carry(rows.slice(0, 700), rows.slice(700))).toBe(1_200);
    expect(sizes()).toEqual([500, 200, 500]);
    expect(parts.flat()).toEqual(rows.map(({ event_id }) => event_id));
    expect(reached).toEqual([499, 699, 1_199].map((index) => rows[index]?.received_at));
  });

  it('publishes an event once, however many rows it has, and passes none over', async () => {
    const { carry, parts, reached } = make();
    const repeated = [row(1, 1), row(2, 2), row(1, 3)];
    expect(await carry(repeated, [row(2, 4), row(3, 5)], [row(3, 6)])).toBe(3);
    expect(parts.flat()).toEqual([1, 2, 3].map((index) => row(index).event_id));
    expect(reached.at(-1)).toBe(row(3, 6).received_at);
    // What was carried in an earlier round may have to go again.
    expect(await carry([row(1, 1)])).toBe(1);
  });

  it('halves its parts while the bus does not confirm them, down to some, and grows again', async () => {
    const { carry, sizes } = make((attempt) => attempt <= 8);
    const rows = rowsFrom(0, 300);
    for (let round = 0; round < 8; round += 1) await expect(carry(rows)).rejects.toThrow('slow');
    await carry(rows);
    expect(sizes()).toEqual([20, 40, 80, 160]);
    await carry(rows);
    expect(sizes().at(-1)).toBe(300);
  });

  it('publishes nothing more once it may not', async () => {
    const { parts } = make();
    const again = new CarryAgain({
      publish: async () => void parts.push(['published']),
    } as unknown as Bus);
    const refuse = () => {
      throw new BusUnavailable('Spooled events go first.');
    };
    await expect(again.carry(pagesOf(rowsFrom(0, 3)), refuse, () => undefined)).rejects.toThrow(
      'Spooled',
    );
    expect(parts).toEqual([]);
  });
});
