import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ReceiptClock } from './receipt-clock.ts';

describe('receipt clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gives the time of the machine', () => {
    vi.setSystemTime(1_000);
    expect(new ReceiptClock().nowMs()).toBe(1_000);
  });

  it('does not begin before what an earlier run may have given out', () => {
    vi.setSystemTime(1_000);
    const clock = new ReceiptClock(5_000);
    expect(clock.nowMs()).toBe(5_000);
    vi.setSystemTime(5_001);
    expect(clock.nowMs()).toBe(5_001);
  });

  it('never goes back and never stands behind the machine, however its clock jumps', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat()), (notBeforeMs, times) => {
        const clock = new ReceiptClock(notBeforeMs);
        let before = notBeforeMs;
        for (const time of times) {
          vi.setSystemTime(time);
          const now = clock.nowMs();
          expect(now).toBe(Math.max(before, time));
          before = now;
        }
      }),
    );
  });
});
