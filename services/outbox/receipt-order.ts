import type { CanonicalEvent } from '#schemas/event.ts';
import { compareText } from '../compare-text.ts';

/**
 * Sorts events in the order in which they are carried again: of receipt, and those of one request,
 * which are received at one time, in the order in which they happened.
 */
export function inReceiptOrder(events: CanonicalEvent[]): CanonicalEvent[] {
  return events.sort(
    (a, b) =>
      compareText(a.received_at, b.received_at) ||
      compareText(a.occurred_at, b.occurred_at) ||
      compareText(a.event_id, b.event_id),
  );
}
