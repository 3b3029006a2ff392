import { type CanonicalEvent, SCHEMA_VERSION } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import type { Connection } from '../connections/connection.ts';

/** What every canary's event_type is. */
export const CANARY_EVENT_TYPE = 'canary.sent';

/** Id of the canary of a connection for the interval that began at `slotMs`, ms since 1970. */
export function canaryId({ id, tenantId }: Pick<Connection, 'id' | 'tenantId'>, slotMs: number) {
  return eventId(tenantId, id, `canary|${slotMs}`);
}

/**
 * The synthetic event of a connection for one interval. Whoever makes it again in that interval makes
 * the same one.
 *
 * @param slotMs when the interval began, ms since 1970
 * @param receivedAtMs by the receipt clock, as of any event
 */
export function canaryEvent(
  connection: Pick<Connection, 'id' | 'tenantId' | 'orgId' | 'provider'>,
  slotMs: number,
  receivedAtMs: number,
): CanonicalEvent {
  const { id, tenantId, orgId, provider } = connection;
  const receivedAt = new Date(receivedAtMs).toISOString();
  const event_id = canaryId(connection, slotMs);
  return {
    event_id,
    event_type: CANARY_EVENT_TYPE,
    entity_type: 'canary',
    entity_id: id,
    tenant_id: tenantId,
    org_id: orgId,
    connection_id: id,
    provider,
    occurred_at: new Date(slotMs).toISOString(),
    received_at: receivedAt,
    schema_version: SCHEMA_VERSION,
    payload: {},
    metadata: {
      trace_id: event_id.replaceAll('-', ''),
      source: 'canary',
      actor: null,
      timestamp: receivedAt,
    },
  };
}
