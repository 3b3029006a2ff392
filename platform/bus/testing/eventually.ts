import { expect } from 'vitest';

/** Waits until what `read` gives is as expected: much longer than it takes, as machines are busy. */
export function eventually<Value>(read: () => Value, timeoutMs = 10_000) {
  return expect.poll(read, { timeout: timeoutMs });
}
