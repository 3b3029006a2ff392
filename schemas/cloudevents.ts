import type { CanonicalEvent } from './event.ts';

/**
 * Attributes of the bus message that carries an event: the CloudEvents 1.0 names in the binary mode
 * of Google's draft Pub/Sub binding (`ce-` prefix), and ours for filters. A platform-level event
 * has no `org_id` attribute.
 */
export function eventAttributes(event: CanonicalEvent): Record<string, string> {
  const attributes: Record<string, string> = {
    contentType: 'application/json',
    'ce-specversion': '1.0',
    'ce-id': event.event_id,
    'ce-source': `/tenants/${event.tenant_id}/connections/${event.connection_id}`,
    'ce-type': event.event_type,
    'ce-subject': `${event.entity_type}/${event.entity_id}`,
    'ce-time': event.occurred_at,
    event_id: event.event_id,
    event_type: event.event_type,
    tenant_id: event.tenant_id,
    connection_id: event.connection_id,
    provider: event.provider,
    trace_id: event.metadata.trace_id,
    // So that a proof of passage tells whose minute it belongs to without its message being read.
    received_at: event.received_at,
  };
  if (event.org_id !== null) attributes.org_id = event.org_id;
  return attributes;
}

/** Messages with one key are delivered in order: per connection and entity. */
export function orderingKey(event: CanonicalEvent): string {
  return `${event.connection_id}/${event.entity_type}/${event.entity_id}`;
}

/**
 * Attributes that a message has besides when it does not come straight from the webhook. Proofs of
 * passage keep them: what came from the outbox is not appended to it once more.
 */
export type Carriage = {
  /** What carried it again. */
  readonly carried_again: 'relay' | 'spool' | 'reconcile' | 'replay' | 'retry';
  /** The replay it belongs to. */
  readonly replay_id?: string;
  /** The one consumer that it is for; the others pass it over. */
  readonly only_consumer?: string;
  /**
   * `missing` (and absent): acts only where the ledger has no entry. `again`: acts once more, once for
   * each replay.
   */
  readonly replay_mode?: 'missing' | 'again';
};
