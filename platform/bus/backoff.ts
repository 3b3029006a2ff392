/**
 * Wait before a redelivery: minMs after the first failed attempt, then twice as long each time, at
 * most maxMs. With 100 and 1,000: 100, 200, 400, 800, 1,000, 1,000…
 *
 * @param failedAttempts 1 or more
 * @returns milliseconds
 */
export function redeliveryDelayMs(
  failedAttempts: number,
  backoff: { readonly minMs: number; readonly maxMs: number },
): number {
  // The power overflows to Infinity, never to a small number; 0 × Infinity is the one exception.
  if (backoff.minMs === 0) return 0;
  return Math.min(backoff.maxMs, backoff.minMs * 2 ** (failedAttempts - 1));
}
