import { type CanonicalEvent, SCHEMA_VERSION } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import type { ConnectionStatus } from './connection.ts';

/** A change of a connection as the trigger of the table writes it. */
export interface ChangeNote {
  readonly connection_id: string;
  readonly tenant_id: string;
  readonly org_id: string | null;
  readonly provider: string;
  readonly name: string;
  readonly status: ConnectionStatus;
  readonly status_reason: string | null;
  readonly status_before: ConnectionStatus | null;
  readonly secret_ref: string | null;
  readonly last_error: string | null;
  readonly version: number;
  readonly operation: 'created' | 'updated' | 'deleted';
  readonly created_at: string;
  readonly changed_at: string;
}

/**
 * The event that alerts are made of: a connection failed, or has recovered. Undefined for every other
 * change. The same change is the same event, however often it is told.
 *
 * @param receivedAtMs by the receipt clock, as of any event
 */
export function failureEvent(change: ChangeNote, receivedAtMs: number): CanonicalEvent | undefined {
  const { connection_id, tenant_id, org_id, provider, status, status_before: before } = change;
  const verb = status === 'error' ? 'failed' : 'recovered';
  const turned = (status === 'error') !== (before === 'error');
  if (change.operation !== 'updated' || !turned) return undefined;
  const receivedAt = new Date(receivedAtMs).toISOString();
  const event_id = eventId(tenant_id, connection_id, `connection|${change.version}`);
  return {
    event_id,
    event_type: `connection.${verb}`,
    entity_type: 'connection',
    entity_id: connection_id,
    tenant_id,
    org_id,
    connection_id,
    provider,
    occurred_at: new Date(change.changed_at).toISOString(),
    received_at: receivedAt,
    schema_version: SCHEMA_VERSION,
    payload: {
      name: change.name,
      status,
      reason: change.status_reason,
      detail: change.last_error,
    },
    metadata: {
      trace_id: event_id.replaceAll('-', ''),
      source: 'system',
      actor: null,
      timestamp: receivedAt,
    },
  };
}
