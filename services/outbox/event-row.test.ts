import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventSchema } from '#schemas/event.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { eventToRow, type OutboxRow, rowToEvent } from './event-row.ts';
import { canonicalEvents, testEvent } from './events.test-support.ts';

describe('outbox rows', () => {
  it('give back every event as it was', () => {
    fc.assert(
      fc.property(canonicalEvents, (event) => {
        expect(rowToEvent(eventToRow(event) as unknown as OutboxRow)).toEqual(event);
      }),
    );
  });

  it('have the columns of the table, no more and no fewer', () => {
    const names = OUTBOX.columns.map(({ name }) => name);
    expect(Object.keys(eventToRow(testEvent(1))).sort()).toEqual(names.toSorted());
  });

  it('are made of canonical events in these tests', () => {
    fc.assert(fc.property(canonicalEvents, (event) => eventSchema.safeParse(event).success));
  });
});
