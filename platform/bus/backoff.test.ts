import { describe, expect, it } from 'vitest';
import { redeliveryDelayMs } from './backoff.ts';

describe('redeliveryDelayMs', () => {
  it.each([
    {
      name: 'doubles up to the maximum',
      minMs: 100,
      maxMs: 1_000,
      delays: [100, 200, 400, 800, 1_000, 1_000],
    },
    { name: 'stays, when both are the same', minMs: 50, maxMs: 50, delays: [50, 50, 50] },
    { name: 'is nothing from nothing', minMs: 0, maxMs: 1_000, delays: [0, 0, 0] },
  ])('$name', ({ minMs, maxMs, delays }) => {
    expect(delays.map((_, index) => redeliveryDelayMs(index + 1, { minMs, maxMs }))).toEqual(
      delays,
    );
  });

  it.each([0, 1, 100])('has no end from %i ms', (minMs) => {
    expect(redeliveryDelayMs(1e9, { minMs, maxMs: 60_000 })).toBe(minMs === 0 ? 0 : 60_000);
  });
});
