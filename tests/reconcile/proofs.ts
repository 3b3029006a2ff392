// Rows of outbox and proof as the product and the recorder write them.
import type { Row } from '#platform/warehouse/warehouse.ts';
import { type Carriage, eventAttributes, orderingKey } from '#schemas/cloudevents.ts';
import { type CanonicalEvent, isObservation } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { passageRow } from '#services/proof/record-passage.ts';

/** An event that was received at a time, in ms since 1970; its name makes its id. */
export function eventAt(
  name: string,
  receivedAtMs: number,
  overrides: Partial<CanonicalEvent> = {},
): CanonicalEvent {
  const receivedAt = new Date(receivedAtMs).toISOString();
  const event = testEvent(0);
  return {
    ...event,
    event_id: eventId('acme', 'con_1', name),
    entity_id: name,
    received_at: receivedAt,
    occurred_at: receivedAt,
    metadata: { ...event.metadata, timestamp: receivedAt },
    ...overrides,
  };
}

let messages = 0;

/** The proof of an event that was published at a time, in ms since 1970. */
export function proofOf(
  event: CanonicalEvent,
  publishedAtMs: number,
  carriage: Partial<Carriage> = {},
  overrides: Row = {},
): Row {
  messages += 1;
  const subscription = isObservation(event.event_type)
    ? 'integration-observations-published'
    : 'integration-events-published';
  return {
    ...passageRow(subscription, {
      data: JSON.stringify(event),
      attributes: { ...eventAttributes(event), ...carriage },
      orderingKey: orderingKey(event),
      messageId: String(messages),
      attempt: 1,
      publishedAtMs,
    }),
    ...overrides,
  };
}
