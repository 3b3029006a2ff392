import type { EventDraft } from '#adapters/kit/adapter.ts';
import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import { actorOf } from './actor.ts';
import { ENTITY_TYPES } from './definition.ts';
import type { MappingContext } from './mapping-context.ts';
import { observation } from './observation.ts';
import { type OutboundNotification, SOBJECT_NS } from './outbound-message.ts';
import { casedId, recordId } from './record-id.ts';
import { stateTime, timeOf } from './record-times.ts';
import { unknownObject } from './refusals.ts';
import { fieldsOf } from './sobject.ts';

const EMPTY: Refusal = {
  reason: 'empty_notification',
  detail: 'There is no record in the notification: it was deleted before the message was sent.',
};

/**
 * Maps one notification of an outbound message to an observation of its record. The message carries
 * the values at the time of sending, and does not say what happened to it.
 */
export function mapNotification(
  { id, sObject, ambiguous }: OutboundNotification,
  { organization, receivedAtMs }: MappingContext,
): EventDraft[] | Refusal {
  const notificationId = casedId(id);
  if (notificationId === undefined) return invalid('Id must be one Salesforce id');
  if (ambiguous) return invalid('there must be one sObject');
  if (sObject === undefined || sObject.nil || sObject.children.length === 0) return EMPTY;
  const object = sObject.type?.uri === SOBJECT_NS ? sObject.type.local : undefined;
  const entityType = object === undefined ? undefined : ENTITY_TYPES.get(object);
  if (entityType === undefined) return unknownObject(object);
  const record = fieldsOf(sObject);
  if (record === undefined) return invalid('every field must have a name and stand there once');
  const entityId = recordId(record.Id);
  if (entityId === undefined) return invalid('the Id of the record must be a Salesforce id');
  const payload = {
    channel: 'outbound_message',
    organization_id: organization.full,
    notification_id: id,
    object,
    record,
  };
  return observation({
    entityType,
    entityId,
    occurredAtMs: stateTime(record) ?? timeOf(record.CreatedDate) ?? receivedAtMs,
    actor: actorOf(record.LastModifiedById),
    payload,
    dedupeKey: `om|${organization.cased}|${notificationId}`,
  });
}
