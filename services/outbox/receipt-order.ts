import type { CanonicalEvent } from '#schemas/event.ts';

/**
 * Sorts events in the order in which they are carried again: of receipt, and those of one request,
 * which are received at one time, in the order in which they happened.
 */
export function inReceiptOrder(events: CanonicalEvent[]): CanonicalEvent[] {
  return events.sort(
    (a, b) =>
      compare(a.received_at, b.received_at) ||
      compare(a.occurred_at, b.occurred_at) ||
      compare(a.event_id, b.event_id),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
