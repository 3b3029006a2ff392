import type { EventDraft } from '#adapters/kit/adapter.ts';
import { type CanonicalEvent, type EventMetadata, SCHEMA_VERSION } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import type { Connection } from '../connections/connection.ts';

export interface Receipt {
  readonly traceId: string;
  readonly receivedAtMs: number;
  readonly source: CanonicalEvent['metadata']['source'];
}

/** Completes an adapter's drafts to canonical events of their connection. */
export function buildEvents(
  drafts: readonly EventDraft[],
  connection: Connection,
  receipt: Receipt,
): CanonicalEvent[] {
  const receivedAt = new Date(receipt.receivedAtMs).toISOString();
  const { id, tenantId, orgId, provider } = connection;
  let occurredAtMs = receipt.receivedAtMs;
  let occurredAt = receivedAt;
  let metadata: EventMetadata = {
    trace_id: receipt.traceId,
    source: receipt.source,
    actor: null,
    timestamp: receivedAt,
  };
  return drafts.map((draft) => {
    // Changes of one batch often share their time and actor, and events are only read: what is the
    // same is made once.
    if (draft.occurredAtMs !== occurredAtMs) {
      occurredAtMs = draft.occurredAtMs;
      occurredAt = new Date(occurredAtMs).toISOString();
    }
    if (draft.actor !== metadata.actor) metadata = { ...metadata, actor: draft.actor };
    return {
      event_id: eventId(tenantId, id, draft.dedupeKey),
      event_type: draft.eventType,
      entity_type: draft.entityType,
      entity_id: draft.entityId,
      tenant_id: tenantId,
      org_id: orgId,
      connection_id: id,
      provider,
      occurred_at: occurredAt,
      received_at: receivedAt,
      schema_version: SCHEMA_VERSION,
      payload: draft.payload,
      metadata,
    };
  });
}
