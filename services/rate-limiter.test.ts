import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

/** How many of `count` requests at one time pass. */
function passing(limiter: RateLimiter, key: string, nowMs: number, count: number): number {
  let passed = 0;
  for (let index = 0; index < count; index += 1) if (limiter.take(key, nowMs) === 0) passed += 1;
  return passed;
}

describe('rate limiter', () => {
  it('lets a burst of twice the rate pass, then the rate', () => {
    const limiter = new RateLimiter(10);
    expect(passing(limiter, 'a', 0, 100)).toBe(20);
    expect(passing(limiter, 'a', 99, 100)).toBe(0);
    expect(passing(limiter, 'a', 100, 100)).toBe(1);
    expect(passing(limiter, 'a', 1_100, 100)).toBe(10);
  });

  it('saves no more than a burst', () => {
    const limiter = new RateLimiter(10);
    passing(limiter, 'a', 0, 100);
    expect(passing(limiter, 'a', 3_600_000, 100)).toBe(20);
  });

  it('tells keys apart', () => {
    const limiter = new RateLimiter(1);
    expect(passing(limiter, 'a', 0, 10)).toBe(2);
    expect(passing(limiter, 'b', 0, 10)).toBe(2);
  });

  const waits = [
    { perSecond: 1, waitSeconds: 1 },
    { perSecond: 1_000, waitSeconds: 1 },
    { perSecond: 2, waitSeconds: 1 },
  ];
  it.each(waits)(
    'at $perSecond a second says to wait $waitSeconds s',
    ({ perSecond, waitSeconds }) => {
      const limiter = new RateLimiter(perSecond);
      passing(limiter, 'a', 0, 2_001);
      const wait = limiter.take('a', 0);
      expect(wait).toBeGreaterThanOrEqual(1);
      expect(wait).toBeLessThanOrEqual(waitSeconds);
      expect(limiter.take('a', wait * 1_000)).toBe(0);
    },
  );

  it('lets pass whoever waits as long as told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(3_000)), (perSecond, gaps) => {
        const limiter = new RateLimiter(perSecond);
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          const wait = limiter.take('a', nowMs);
          if (wait === 0) continue;
          nowMs += wait * 1_000;
          expect(limiter.take('a', nowMs)).toBe(0);
        }
      }),
    );
  });

  it('never lets more pass than the burst and the rate, also when the clock goes back', () => {
    const times = fc.array(fc.nat(10_000), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), times, (perSecond, unordered) => {
        const limiter = new RateLimiter(perSecond);
        const ordered = unordered.toSorted((a, b) => a - b);
        let passed = 0;
        for (const nowMs of ordered) if (limiter.take('a', nowMs) === 0) passed += 1;
        const spanSeconds = ((ordered.at(-1) ?? 0) - (ordered[0] ?? 0)) / 1_000;
        expect(passed).toBeLessThanOrEqual(2 * perSecond + spanSeconds * perSecond + 1e-6);
      }),
    );
    const limiter = new RateLimiter(1);
    passing(limiter, 'a', 10_000, 10);
    expect(passing(limiter, 'a', 0, 10)).toBe(0);
  });

  it('tells what is left without taking it', () => {
    const limiter = new RateLimiter(10);
    expect(limiter.left('a', 0)).toBe(20);
    passing(limiter, 'a', 0, 20);
    expect([limiter.left('a', 0), limiter.left('a', 50), limiter.left('a', 100)]).toEqual([
      0, 0.5, 1,
    ]);
    expect(limiter.left('a', 60_000)).toBe(20);
    expect(passing(limiter, 'a', 60_000, 100)).toBe(20);
  });

  it('stays small under a flood of made-up keys', () => {
    const limiter = new RateLimiter(1);
    passing(limiter, 'first', 0, 10);
    for (let index = 0; index < 60_000; index += 1) limiter.take(`key-${index}`, 0);
    // It was forgotten to make room, and starts again with a full bucket.
    expect(passing(limiter, 'first', 0, 10)).toBe(2);
  });
});
