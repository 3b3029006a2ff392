import { z } from 'zod';
import { isObservation } from '#schemas/event.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import type { OutboxFilter } from '../outbox/outbox-filter.ts';
import type { ReceiptRange } from '../outbox/outbox-windows.ts';

/** A typing error in a year must not read the whole outbox. */
export const MAX_RANGE_DAYS = 400;

const DAY_MS = 86_400_000;
/** Warehouses cannot read every year that RFC 3339 can spell. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);

const part = (description: string) =>
  z.string().min(1).max(256).refine(isStorableText, NOT_STORABLE).optional().describe(description);
const instant = (description: string) =>
  z.iso.datetime({ offset: true }).optional().describe(`${description} RFC 3339.`);

/** Which events of the tenant are meant: those that agree with every part given. Also as it is saved. */
export const predicateSchema = z
  .strictObject({
    received_from: instant('Received from, inclusive.'),
    received_to: instant('Received before; what lies ahead is cut off at the time of the request.'),
    org_id: part('Events of this organisation.'),
    connection_id: part('Events of this connection.'),
    provider: part('For example hubspot.'),
    event_type: part('For example deal.won. Observations (*.observed) only when named here.'),
    entity_type: part('For example deal.'),
    entity_id: part("The provider's id."),
  })
  .meta({
    id: 'Predicate',
    description: 'Which events: those that agree with every part that is given.',
    examples: [
      {
        received_from: '2026-03-02T09:00:00.000Z',
        received_to: '2026-03-02T10:00:00.000Z',
        event_type: 'deal.won',
      },
    ],
  });

export type Predicate = z.infer<typeof predicateSchema>;

/** A predicate that can be replayed: it has a range, in UTC with milliseconds. */
export type BoundPredicate = Predicate & {
  readonly received_from: string;
  readonly received_to: string;
};

/**
 * A predicate whose range is whole and ends now at the latest: what is still to be received would make a
 * replay without end.
 *
 * @throws InvalidRequest when the range is missing, turned round or too long, or starts ahead
 */
export function boundPredicate(predicate: Predicate, nowMs: number): BoundPredicate {
  const { received_from, received_to } = predicate;
  if (received_from === undefined || received_to === undefined) {
    throw new InvalidRequest('A replay needs a time range: give received_from and received_to.');
  }
  const fromMs = Date.parse(received_from);
  const toMs = Math.min(Date.parse(received_to), nowMs);
  if (!(fromMs >= EARLIEST_MS && fromMs < toMs)) {
    throw new InvalidRequest(
      'received_from must lie after the year 1999, before received_to and before the present time.',
    );
  }
  if (toMs - fromMs > MAX_RANGE_DAYS * DAY_MS) {
    throw new InvalidRequest(
      `The range is longer than ${MAX_RANGE_DAYS} days. Replay it in several parts.`,
    );
  }
  return {
    ...predicate,
    received_from: new Date(fromMs).toISOString(),
    received_to: new Date(toMs).toISOString(),
  };
}

/** The rows of the outbox that a predicate means. */
export function outboxFilter(tenantId: string, predicate: Predicate): OutboxFilter {
  const { event_type } = predicate;
  return {
    tenantId,
    orgId: predicate.org_id,
    connectionId: predicate.connection_id,
    provider: predicate.provider,
    eventType: event_type,
    entityType: predicate.entity_type,
    entityId: predicate.entity_id,
    // The resolver would only find again what it found; consumers never see observations.
    withObservations: event_type !== undefined && isObservation(event_type),
  };
}

export function receiptRange({ received_from, received_to }: BoundPredicate): ReceiptRange {
  return { from: received_from, to: received_to };
}
