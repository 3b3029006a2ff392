import { describe, expect, it } from 'vitest';
import { isLarger, messageBytes } from './message-size.ts';

const message = (data: string) => ({
  data,
  attributes: { type: 'deal', name: 'Zürich' },
  orderingKey: 'con/1',
});
const AROUND_BYTES = 'typedealname'.length + 'Zürich'.length + 1 + 'con/1'.length;

describe('the size of a message', () => {
  it.each([
    ['nothing', '', 0],
    ['ASCII', 'abc', 3],
    ['two bytes a unit', 'éé', 4],
    ['three bytes a unit', '€€', 6],
    ['two bytes a unit of a pair', '😀', 4],
  ])('counts %s, and compares exactly with what it counts', (_name, data, dataBytes) => {
    const bytes = AROUND_BYTES + dataBytes;
    expect(messageBytes(message(data))).toBe(bytes);
    expect(isLarger(message(data), bytes)).toBe(false);
    expect(isLarger(message(data), bytes - 1)).toBe(true);
  });
});
