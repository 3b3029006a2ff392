import type { CanaryRow } from './canary-store.ts';

/** `ok`: the latest came all the way. `on_its_way`: it has time yet. `late`: it has not come in time. */
export type CanaryState = 'ok' | 'on_its_way' | 'late';

/** How long a canary may take, two intervals and this: its passage is looked for once in an interval. */
const GRACE_MS = 10 * 60_000;

/**
 * Whether the way of a connection is open. One that does not come makes it late, until one does.
 *
 * @param nowMs ms since 1970
 */
export function canaryState(row: CanaryRow, intervalMinutes: number, nowMs: number): CanaryState {
  if (row.outboxed && row.published && row.consumed_at) return 'ok';
  const allowedMs = intervalMinutes * 60_000 * 2 + GRACE_MS;
  const since = row.arrived_sent_at ?? row.sent_at;
  return nowMs - since.getTime() > allowedMs ? 'late' : 'on_its_way';
}
