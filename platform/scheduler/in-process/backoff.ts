const MAX_DOUBLINGS = 5;
const MAX_BACKOFF_MS = 3_600_000;

/**
 * The wait before a retry, in milliseconds: `minBackoffMs` doubled for each retry before it, at most
 * five times and up to one hour, as Cloud Scheduler's defaults for maxDoublings and
 * maxBackoffDuration. From 5,000: 5 s, 10 s, 20 s, 40 s, 80 s.
 *
 * @param retry 1 for the first retry
 */
export function backoffMs(minBackoffMs: number, retry: number): number {
  return Math.min(minBackoffMs * 2 ** Math.min(retry - 1, MAX_DOUBLINGS), MAX_BACKOFF_MS);
}
