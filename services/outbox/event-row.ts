import type { Row } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';

/** The outbox row of an event. `metadata.timestamp` equals `received_at` and has no column. */
export function eventToRow(event: CanonicalEvent): Row {
  return {
    event_id: event.event_id,
    event_type: event.event_type,
    entity_type: event.entity_type,
    entity_id: event.entity_id,
    tenant_id: event.tenant_id,
    org_id: event.org_id,
    connection_id: event.connection_id,
    provider: event.provider,
    occurred_at: event.occurred_at,
    received_at: event.received_at,
    schema_version: event.schema_version,
    trace_id: event.metadata.trace_id,
    source: event.metadata.source,
    actor: event.metadata.actor,
    payload: JSON.stringify(event.payload),
    observation_id: event.metadata.observation_id ?? null,
    changed_fields: event.metadata.changed_fields
      ? JSON.stringify(event.metadata.changed_fields)
      : null,
  };
}

/** The event an outbox row holds. */
export function rowToEvent(row: OutboxRow): CanonicalEvent {
  return {
    event_id: row.event_id,
    event_type: row.event_type,
    entity_type: row.entity_type,
    entity_id: row.entity_id,
    tenant_id: row.tenant_id,
    org_id: row.org_id,
    connection_id: row.connection_id,
    provider: row.provider,
    occurred_at: row.occurred_at,
    received_at: row.received_at,
    schema_version: row.schema_version,
    payload: JSON.parse(row.payload) as Record<string, unknown>,
    metadata: {
      trace_id: row.trace_id,
      source: row.source,
      actor: row.actor,
      timestamp: row.received_at,
      ...(row.observation_id !== null && { observation_id: row.observation_id }),
      ...(row.changed_fields !== null && {
        changed_fields: JSON.parse(row.changed_fields) as string[],
      }),
    },
  };
}

/** A row of integration_events_outbox as queries return it. */
export interface OutboxRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly connection_id: string;
  readonly provider: string;
  readonly occurred_at: string;
  readonly received_at: string;
  readonly schema_version: CanonicalEvent['schema_version'];
  readonly trace_id: string;
  readonly source: CanonicalEvent['metadata']['source'];
  readonly actor: string | null;
  readonly payload: string;
  readonly observation_id: string | null;
  readonly changed_fields: string | null;
}
