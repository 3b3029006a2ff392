import { OVERLAP_MS } from './settings.ts';

/** From a time until before another, in ms since 1970. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Cuts a range at the multiples of `sliceMs`: with a day, at midnight UTC, where partitions begin.
 *
 * @example slices({ fromMs: 50, toMs: 210 }, 100) // 50–100, 100–200, 200–210
 */
export function* slices({ fromMs, toMs }: TimeRange, sliceMs: number): Generator<TimeRange> {
  for (let start = fromMs; start < toMs; ) {
    const end = Math.min(toMs, (Math.floor(start / sliceMs) + 1) * sliceMs);
    yield { fromMs: start, toMs: end };
    start = end;
  }
}

export interface Progress {
  /** Up to where everything was compared at least once. */
  readonly throughMs: number;
  /** Where that stood at the beginning of the oldest of the runs of the last hour, if there were any. */
  readonly recentThroughMs: number | undefined;
}

/**
 * Where the next comparison begins. Rows may be appended after their time was compared, so each time
 * is compared once more for as long as OVERLAP_MS after it was first, by the clock on the wall. That
 * covers a long stretch which was caught up a moment ago; the overlap in the rows' own time covers
 * what was appended while nothing ran.
 *
 * @param notBeforeMs proofs are complete from there on
 */
export function compareFrom({ throughMs, recentThroughMs }: Progress, notBeforeMs: number): number {
  const again = Math.min(throughMs - OVERLAP_MS, recentThroughMs ?? Number.POSITIVE_INFINITY);
  return Math.max(notBeforeMs, again);
}
