import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '#schemas/problems.ts';
import { eventToRow, type OutboxRow } from '../outbox/event-row.ts';
import { canonicalEvents, testEvent } from '../outbox/events.test-support.ts';
import { cursorOf, positionOf, withoutRepetitions } from './page.ts';

const toRow = (index: number, repeated = false) => ({
  ...(eventToRow(testEvent(index)) as unknown as OutboxRow),
  repeated,
});

describe('cursors', () => {
  it('give back the position they were made of, in letters a URL takes as they are', () => {
    fc.assert(
      fc.property(canonicalEvents, (event) => {
        const cursor = cursorOf(eventToRow(event) as unknown as OutboxRow);
        expect(cursor).toMatch(/^[\w-]+$/);
        const position = { receivedAt: event.received_at, eventId: event.event_id };
        expect(positionOf(cursor)).toEqual(position);
      }),
    );
  });

  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const broken: readonly { name: string; cursor: string }[] = [
    { name: 'nothing', cursor: '' },
    { name: 'any text', cursor: 'next' },
    { name: 'JSON of another kind', cursor: made({ receivedAt: 'x' }) },
    { name: 'a list too short', cursor: made(['2026-01-31T12:00:00.000Z']) },
    { name: 'a list too long', cursor: made(['2026-01-31T12:00:00.000Z', 'id', 'more']) },
    { name: 'an id that is no text', cursor: made(['2026-01-31T12:00:00.000Z', 5]) },
    { name: 'no instant', cursor: made(['yesterday', 'id']) },
    { name: 'a year alone', cursor: made(['2026', 'id']) },
    { name: 'an instant spelled otherwise', cursor: made(['Sat Jan 31 2026', 'id']) },
    { name: 'a day there is not', cursor: made(['2026-02-30T12:00:00.000Z', 'id']) },
    { name: 'half a cursor', cursor: cursorOf(toRow(1)).slice(0, 20) },
  ];
  it.each(broken)('are refused when they are $name', ({ cursor }) => {
    expect(() => positionOf(cursor)).toThrow(InvalidRequest);
  });

  it('that were made up never do anything but be refused or name a position', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => btoa(encodeURI(text))),
        ),
        (text) => {
          try {
            const { receivedAt } = positionOf(text);
            expect(new Date(receivedAt).toISOString()).toBe(receivedAt);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidRequest);
          }
        },
      ),
    );
  });
});

describe('repetitions on a page', () => {
  it('leave the oldest row of each event', () => {
    const rows = [toRow(3), toRow(1), toRow(2, true), toRow(1), toRow(0)];
    expect(withoutRepetitions(rows)).toEqual([rows[0], rows[3], rows[4]]);
    expect(withoutRepetitions(rows)[1]).toBe(rows[3]);
  });
});
