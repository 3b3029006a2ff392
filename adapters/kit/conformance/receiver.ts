import type { CanonicalEvent } from '#schemas/event.ts';
import { isObservation } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import type { BoundAdapter, EventDraft, SkippedItem, WebhookRequest } from '../adapter.ts';
import type { KnownEntity, Observation } from '../resolution.ts';

/** What a consumer gets, as far as adapters decide it. */
export interface ConsumerEvent {
  readonly event_type: string;
  readonly entity_id: string;
  readonly entity_type: string;
  readonly payload: CanonicalEvent['payload'];
  readonly changed_fields: readonly string[] | null;
  readonly occurred_at: string;
  readonly actor: string | null;
}

/**
 * Takes requests as the platform does, without it: maps each, and resolves its observations against
 * what the ones before have told.
 */
export class Receiver {
  readonly #bound: BoundAdapter;
  readonly #connectedAtMs: number;
  readonly #known = new Map<string, KnownEntity>();
  readonly #seen = new Set<string>();

  /** @param connectedAtMs when the connection was made. Default 0, before any record. */
  constructor(bound: BoundAdapter, connectedAtMs = 0) {
    this.#bound = bound;
    this.#connectedAtMs = connectedAtMs;
  }

  take(request: WebhookRequest): { events: ConsumerEvent[]; skipped: readonly SkippedItem[] } {
    const { drafts, skipped } = this.#bound.webhook(request);
    const fresh = drafts.filter(({ dedupeKey }) => !this.#seen.has(dedupeKey));
    for (const { dedupeKey } of fresh) this.#seen.add(dedupeKey);
    return { events: fresh.flatMap((draft) => this.#eventsOf(draft)), skipped };
  }

  #eventsOf(draft: EventDraft): ConsumerEvent[] {
    // As it is stored and read again: a payload must survive that.
    const payload = JSON.parse(JSON.stringify(draft.payload)) as CanonicalEvent['payload'];
    const occurred_at = new Date(draft.occurredAtMs).toISOString();
    const common = { occurred_at, actor: draft.actor };
    if (!isObservation(draft.eventType)) {
      const { eventType: event_type, entityType: entity_type, entityId: entity_id } = draft;
      return [{ ...common, event_type, entity_type, entity_id, payload, changed_fields: null }];
    }
    const { resolve } = this.#bound;
    if (!resolve)
      throw new Error(`${draft.eventType} cannot be resolved: the adapter has no resolve`);
    const observation: Observation = {
      event_id: eventId('tenant', 'connection', draft.dedupeKey),
      event_type: draft.eventType,
      entity_type: draft.entityType,
      entity_id: draft.entityId,
      occurred_at,
      payload,
    };
    const key = `${draft.entityType}/${draft.entityId}`;
    const context = { connectedAtMs: this.#connectedAtMs };
    const { events, known } = resolve(observation, this.#known.get(key), context);
    if (known) this.#known.set(key, JSON.parse(JSON.stringify(known)) as KnownEntity);
    return events.map((event) => ({
      ...common,
      event_type: event.eventType,
      entity_type: event.entityType,
      entity_id: event.entityId,
      payload: { ...payload, ...event.extra },
      changed_fields: event.changedFields,
    }));
  }
}
