import { type CanonicalEvent, eventSchema } from '#schemas/event.ts';

/** A message as the bus carried it, from integration_events_published. */
export interface CarriedMessage {
  readonly publish_time: string;
  readonly data: string | null;
  readonly attributes: string | null;
}

export type CarriedEvent =
  | { readonly event: CanonicalEvent }
  /** Why it cannot be appended: a stable word, never a value of the message. */
  | { readonly reason: UnusableReason; readonly tenantId: string | null };

export type UnusableReason = 'not_json' | 'not_an_event' | 'another_event' | 'another_tenant';

/**
 * The event of a message, if it is one, and the one its attributes name: whoever may publish to the
 * topic could write anything, and the outbox is the record that everything else relies on.
 */
export function carriedEvent(message: CarriedMessage): CarriedEvent {
  const { eventId, tenantId } = namedBy(message);
  const value = parse(message.data);
  if (value === undefined) return { reason: 'not_json', tenantId };
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) return { reason: 'not_an_event', tenantId };
  const event = parsed.data;
  if (event.event_id !== eventId) return { reason: 'another_event', tenantId };
  if (event.tenant_id !== tenantId) return { reason: 'another_tenant', tenantId };
  return { event };
}

/** Whose event the attributes of a message say it is, and which. */
export function namedBy({ attributes }: CarriedMessage) {
  const named = parse(attributes) as { event_id?: unknown; tenant_id?: unknown } | undefined;
  return { eventId: textOrNull(named?.event_id), tenantId: textOrNull(named?.tenant_id) };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** @returns undefined where there is no JSON object */
function parse(text: string | null): object | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
