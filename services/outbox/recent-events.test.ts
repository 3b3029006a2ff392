import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventIds } from './events.test-support.ts';
import { RecentEvents } from './recent-events.ts';

/** Ids that meet in a few slots and differ in few digits: the first 17 low bits name the slot. */
const collidingIds = fc
  .tuple(
    fc.constantFrom('00000001', '00020001', 'fffe0001', '00000002', 'ffffffff', '7fffffff'),
    fc.constantFrom('0000-5000', '0001-5000', 'ffff-5fff'),
    fc.constantFrom('8000-0000', 'bfff-0000', '8000-ffff'),
    fc.constantFrom('00000000', '00000001', '80000000'),
  )
  .map((parts) => parts.join('-').replace(/^(.{23}-.{4})-/, '$1'));

const slotOf = (id: string) => Number.parseInt(id.slice(0, 8), 16) % 2 ** 17;

describe('recent events', () => {
  it('makes ids of the usual form for these tests', () => {
    fc.assert(
      fc.property(collidingIds, (id) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id)),
    );
  });

  it('has nothing at first', () => {
    const recent = new RecentEvents();
    fc.assert(fc.property(fc.oneof(eventIds, collidingIds), (id) => !recent.has(id)));
  });

  it('has exactly the last id added to each slot, and never one that was not added', () => {
    const recent = new RecentEvents();
    const inSlot = new Map<number, string>();
    fc.assert(
      fc.property(fc.oneof(eventIds, collidingIds), fc.boolean(), (id, adds) => {
        expect(recent.has(id)).toBe(inSlot.get(slotOf(id)) === id);
        if (!adds) return;
        recent.add(id);
        inSlot.set(slotOf(id), id);
        expect(recent.has(id)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('tells ids apart by every digit', () => {
    const id = '12345678-9abc-5def-8123-456789abcdef';
    const recent = new RecentEvents();
    recent.add(id);
    for (let position = 0; position < id.length; position += 1) {
      if (id[position] === '-') continue;
      const other = id[position] === '0' ? '1' : '0';
      expect(recent.has(id.slice(0, position) + other + id.slice(position + 1))).toBe(false);
    }
  });
});
