import { describe, expect, it } from 'vitest';
import { MAX_BATCH, Pace } from './pace.ts';

// Doubled: the clock.

function paceAt(ratePerSecond: number | null) {
  const clock = { nowMs: 5_000 };
  return { clock, pace: new Pace(ratePerSecond, () => clock.nowMs) };
}

/** Batches that each begin as soon as they may; when they began, in ms from the first. */
function run(ratePerSecond: number, batches: number): number[] {
  const { clock, pace } = paceAt(ratePerSecond);
  return Array.from({ length: batches }, () => {
    clock.nowMs += pace.take(pace.batchSize);
    return clock.nowMs - 5_000;
  });
}

describe('a rate', () => {
  it.each([
    { rate: 1_000, begins: [0, 250, 500, 750, 1_000] },
    { rate: 1, begins: [0, 1_000, 2_000] },
    { rate: 4, begins: [0, 250, 500] },
    // Batches have an end: 2,000 of 100,000 a second take 20 ms.
    { rate: 100_000, begins: [0, 20, 40] },
  ])('of $rate a second begins batches at $begins', ({ rate, begins }) => {
    expect(run(rate, begins.length)).toEqual(begins);
  });

  it('does not make up for time that was idle', () => {
    const { clock, pace } = paceAt(100);
    expect(pace.take(100)).toBe(0);
    clock.nowMs += 60_000;
    expect(pace.take(100)).toBe(0);
    expect(pace.take(100)).toBe(1_000);
  });

  it('counts time that publishing took', () => {
    const { clock, pace } = paceAt(100);
    pace.take(100);
    clock.nowMs += 400;
    expect(pace.take(100)).toBe(600);
  });

  it('is none where there is no limit', () => {
    const { pace } = paceAt(null);
    expect([pace.take(1_000_000), pace.take(1_000_000)]).toEqual([0, 0]);
    expect(pace.batchSize).toBe(MAX_BATCH);
  });
});
