import type { EventDraft } from '#adapters/kit/adapter.ts';
import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import {
  CUSTOM_OBJECT,
  DEAL_LOST,
  DEAL_WON,
  ENTITIES_BY_TYPE_ID,
  type Entity,
  MESSAGE_ADDED,
  SUBSCRIPTION_TYPES,
} from './definition.ts';
import { idText, instantMs, type Notification, payloadFault } from './notification.ts';

/** What the drafts of one notification share. */
interface Change {
  readonly notification: Notification;
  readonly entity: Entity;
  /** Goes before the id of an object whose ids are unique only within its type. */
  readonly idPrefix: string;
  readonly occurredAtMs: number;
  readonly actor: string | null;
  readonly keyHead: string;
}

const OBJECT_TYPE_ID = /^\d{1,10}-\d{1,19}$/;
const MAX_ACTOR_LENGTH = 256;
/** Each merged-away object makes an event that holds the whole notification: keep that bounded. */
const MAX_MERGED = 250;

/**
 * Maps one notification to its drafts: the table in docs/providers/hubspot.md. The notification
 * itself becomes the payload, unchanged and not copied, save where a field has to be added.
 *
 * @param portalId when given, notifications of another account are refused
 */
export function mapNotification(
  notification: Notification,
  portalId: string | undefined,
): EventDraft[] | Refusal {
  // Both spellings are HubSpot's: payloads say subscriptionType, a table of the documents eventType.
  const type = notification.subscriptionType ?? notification.eventType;
  if (typeof type !== 'string') return invalid('subscriptionType must be text');
  const subscription = SUBSCRIPTION_TYPES.get(type);
  if (subscription === undefined) {
    return { reason: 'unknown_type', detail: `There is no mapping for ${quoted(type)}.` };
  }
  const portal = idText(notification.portalId);
  if (portal === undefined) return invalid('portalId must be a positive integer');
  if (portalId !== undefined && portal !== portalId) {
    return { reason: 'other_portal', detail: `The notification is of account ${portal}.` };
  }
  const occurredAtMs = instantMs(notification.occurredAt);
  if (occurredAtMs === undefined) return invalid('occurredAt must be a time in milliseconds');
  const fault = payloadFault(notification);
  if (fault !== undefined) return invalid(`the item cannot be a payload: ${fault}`);

  const generic = subscription.entity === undefined;
  const typeId = generic ? objectTypeId(notification, subscription.kind) : '';
  if (typeId === undefined) return invalid('objectTypeId must be text such as 0-1');
  const entity = subscription.entity ?? ENTITIES_BY_TYPE_ID.get(typeId) ?? CUSTOM_OBJECT;
  // No part before the last holds a bar, and free text comes last: no two changes share a key.
  const keyHead = `${type}|${typeId}|${portal}|${occurredAtMs}|${idText(notification.eventId) ?? ''}`;
  const change: Change = {
    notification,
    entity,
    idPrefix: entity === CUSTOM_OBJECT ? `${typeId}/` : '',
    occurredAtMs,
    actor: actorOf(notification),
    keyHead,
  };

  if (subscription.kind === 'merge') return mergeDrafts(change);
  if (subscription.kind === 'associationChange') return associationDrafts(change);
  const objectId = idText(notification.objectId);
  if (objectId === undefined) return invalid('objectId must be a positive integer');
  switch (subscription.kind) {
    case 'creation':
    case 'restore':
      return [draft(change, entity.created, objectId, '')];
    case 'deletion':
      return [draft(change, entity.deleted, objectId, '')];
    case 'privacyDeletion': {
      const payload = { ...notification, privacy_deletion: true };
      return [draft(change, entity.deleted, objectId, '', payload)];
    }
    case 'propertyChange':
      return propertyDrafts(change, objectId);
    case 'newMessage':
      return [draft(change, MESSAGE_ADDED, objectId, textOf(notification.messageId))];
  }
}

function propertyDrafts(change: Change, objectId: string): EventDraft[] | Refusal {
  const { propertyName, propertyValue } = change.notification;
  if (typeof propertyName !== 'string') return invalid('propertyName must be text');
  const drafts = [draft(change, change.entity.updated, objectId, propertyName)];
  if (propertyName === 'dealstage' && change.entity.type === 'deal') {
    // Only the default pipeline has stages of these names; others have numeric ids.
    if (propertyValue === 'closedwon') drafts.push(draft(change, DEAL_WON, objectId, propertyName));
    if (propertyValue === 'closedlost') {
      drafts.push(draft(change, DEAL_LOST, objectId, propertyName));
    }
  }
  return drafts;
}

/** The surviving object is updated; every merged-away one is deleted and names the survivor. */
function mergeDrafts(change: Change): EventDraft[] | Refusal {
  const { notification, entity } = change;
  const primary = idText(notification.primaryObjectId);
  const survivor = idText(notification.newObjectId) ?? primary ?? idText(notification.objectId);
  if (survivor === undefined) return invalid('primaryObjectId must be a positive integer');
  const merged = notification.mergedObjectIds ?? [];
  if (!Array.isArray(merged) || merged.length > MAX_MERGED) {
    return invalid(`mergedObjectIds must be an array of at most ${MAX_MERGED}`);
  }
  const away = new Set<string>();
  for (const value of merged) {
    const id = idText(value);
    if (id === undefined) return invalid('mergedObjectIds must hold positive integers');
    away.add(id);
  }
  // Where the merge made a new object, the primary one is gone as well.
  if (primary !== undefined) away.add(primary);
  away.delete(survivor);
  const payload = { ...notification, merged_into: change.idPrefix + survivor };
  return [
    draft(change, entity.updated, survivor, ''),
    ...Array.from(away, (id) => draft(change, entity.deleted, id, '', payload)),
  ];
}

function associationDrafts(change: Change): EventDraft[] | Refusal {
  const { notification, entity } = change;
  const from = idText(notification.fromObjectId);
  const to = idText(notification.toObjectId);
  if (from === undefined || to === undefined) {
    return invalid('fromObjectId and toObjectId must be positive integers');
  }
  const eventType =
    notification.associationRemoved === true ? entity.dissociated : entity.associated;
  // HubSpot tells of a primary association twice, and the two differ in these fields alone.
  const primary = notification.isPrimaryAssociation === true ? 'primary' : '';
  const toType = idLikeText(notification.toObjectTypeId);
  const label = `${to}|${toType}|${primary}|${idText(notification.associationTypeId) ?? ''}`;
  return [draft(change, eventType, from, `${label}|${textOf(notification.associationType)}`)];
}

function draft(
  change: Change,
  eventType: string,
  objectId: string,
  keyTail: string,
  payload: Notification = change.notification,
): EventDraft {
  return {
    eventType,
    entityType: change.entity.type,
    entityId: change.idPrefix + objectId,
    occurredAtMs: change.occurredAtMs,
    actor: change.actor,
    payload,
    dedupeKey: `${change.keyHead}|${eventType}|${objectId}|${keyTail}`,
  };
}

function objectTypeId(notification: Notification, kind: string): string | undefined {
  const value =
    kind === 'associationChange'
      ? (notification.fromObjectTypeId ?? notification.objectTypeId)
      : notification.objectTypeId;
  return idLikeText(value) || undefined;
}

function idLikeText(value: unknown): string {
  return typeof value === 'string' && OBJECT_TYPE_ID.test(value) ? value : '';
}

function actorOf({ sourceId }: Notification): string | null {
  if (typeof sourceId !== 'string' || sourceId.length > MAX_ACTOR_LENGTH) return null;
  return sourceId === '' ? null : sourceId;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function quoted(type: string): string {
  return /^[\w.]{1,64}$/.test(type) ? `"${type}"` : 'this subscription type';
}
