import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import {
  type ChangeKind,
  CUSTOM_OBJECT,
  ENTITIES_BY_TYPE_ID,
  type Entity,
  SUBSCRIPTION_TYPES,
} from './definition.ts';
import { idText, instantMs, type Notification, payloadFault } from './notification.ts';

/** What every notification tells, whatever its kind. */
export interface Change {
  readonly notification: Notification;
  readonly kind: ChangeKind;
  readonly entity: Entity;
  /** Goes before the id of an object whose ids are unique only within its type. */
  readonly idPrefix: string;
  readonly occurredAtMs: number;
  readonly actor: string | null;
  /** First part of the dedupe keys. */
  readonly keyHead: string;
}

const OBJECT_TYPE_ID = /^\d{1,10}-\d{1,19}$/;
const MAX_ACTOR_LENGTH = 256;

/**
 * Checks what the notifications of all kinds have in common.
 *
 * @param portalId when given, notifications of another account are refused
 */
export function readChange(
  notification: Notification,
  portalId: string | undefined,
): Change | Refusal {
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

  const { kind } = subscription;
  const typeId = subscription.entity === undefined ? objectTypeId(notification, kind) : '';
  if (typeId === undefined) return invalid('objectTypeId must be text such as 0-1');
  const entity = subscription.entity ?? ENTITIES_BY_TYPE_ID.get(typeId) ?? CUSTOM_OBJECT;
  return {
    notification,
    kind,
    entity,
    idPrefix: entity === CUSTOM_OBJECT ? `${typeId}/` : '',
    occurredAtMs,
    actor: actorOf(notification),
    // No part before the last holds a bar, and free text comes last: no two changes share a key.
    keyHead: `${type}|${typeId}|${portal}|${occurredAtMs}|${idText(notification.eventId) ?? ''}`,
  };
}

export function isRefusal(outcome: object): outcome is Refusal {
  return 'reason' in outcome;
}

/** An object type id such as `0-3`; empty text for anything else. */
export function idLikeText(value: unknown): string {
  return typeof value === 'string' && OBJECT_TYPE_ID.test(value) ? value : '';
}

/** Text of a scalar; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function objectTypeId(notification: Notification, kind: ChangeKind): string | undefined {
  const value =
    kind === 'associationChange'
      ? (notification.fromObjectTypeId ?? notification.objectTypeId)
      : notification.objectTypeId;
  return idLikeText(value) || undefined;
}

function actorOf({ sourceId }: Notification): string | null {
  if (typeof sourceId !== 'string' || sourceId.length > MAX_ACTOR_LENGTH) return null;
  return sourceId === '' ? null : sourceId;
}

function quoted(type: string): string {
  return /^[\w.]{1,64}$/.test(type) ? `"${type}"` : 'this subscription type';
}
