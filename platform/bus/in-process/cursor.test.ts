import { describe, expect, it } from 'vitest';
import { Cursor } from './cursor.ts';

const fresh = () => new Cursor({ readTo: 10, unsettled: [] });

describe('Cursor', () => {
  it('is at the lowest unsettled position, whatever is settled above', () => {
    const cursor = fresh();
    for (const position of [10, 11, 12]) cursor.admit(position);
    cursor.settle(11);
    cursor.settle(12);
    expect(cursor.low).toBe(10);
    expect(cursor.state()).toEqual({ readTo: 13, unsettled: [[10, 0]] });
    cursor.settle(10);
    expect(cursor.low).toBe(13);
  });

  it('does not keep what was only read ahead', () => {
    const cursor = fresh();
    for (const position of [10, 11, 12, 13]) cursor.admit(position);
    cursor.settle(11);
    expect(cursor.state()).toEqual({ readTo: 12, unsettled: [[10, 0]] });
  });

  it('keeps failed attempts', () => {
    const cursor = fresh();
    cursor.admit(10);
    cursor.admit(11);
    expect([cursor.fail(10), cursor.fail(10), cursor.fail(11)]).toEqual([1, 2, 1]);
    const reopened = new Cursor(cursor.state());
    expect([10, 11, 12].map((position) => reopened.admit(position))).toEqual([2, 1, 0]);
  });

  it('delivers again after a rewind what is unsettled, and nothing else', () => {
    const cursor = fresh();
    for (const position of [10, 11, 12]) cursor.admit(position);
    cursor.settle(11);
    cursor.rewind();
    expect([10, 11, 12, 13].map((position) => cursor.admit(position))).toEqual([
      0,
      undefined,
      0,
      0,
    ]);
  });

  it('gives up positions that the log no longer holds', () => {
    const cursor = new Cursor({
      readTo: 20,
      unsettled: [
        [12, 1],
        [15, 0],
        [18, 2],
      ],
    });
    expect(cursor.admit(18)).toBe(2);
    expect(cursor.low).toBe(18);
    cursor.settle(18);
    cursor.admit(25);
    expect(cursor.low).toBe(25);
  });
});
