import type { Accept } from '../outbox/accept.ts';
import type { AcceptanceCounts } from './acceptance-counts.ts';
import { SameInstant } from './same-instant.ts';

/**
 * `accept`, with the events it accepted counted when it has answered: whatever role of the process has
 * them, none is forgotten. What the resolver made of observations is a measure of its own.
 *
 * The events of one call are of one tenant and were received at one instant. A duplicate is no new
 * event; neither is one whose id came before within the same millisecond.
 */
export function countedAccept(accept: Accept, counts: AcceptanceCounts): Accept {
  const sameInstant = new SameInstant();
  // Not async, and the function below names no event: see accept.ts.
  return (events) => {
    const [first] = events;
    if (!first) return accept(events);
    const { tenant_id: tenantId, received_at: receivedAt, metadata } = first;
    const measure = metadata.observation_id === undefined ? 'events_accepted' : 'events_resolved';
    const repetitions = sameInstant.repetitions(events);
    return accept(events).then((acceptance) => {
      const accepted = Math.max(acceptance.accepted - repetitions, 0);
      counts.add(measure, tenantId, Date.parse(receivedAt), accepted);
      return acceptance;
    });
  };
}
