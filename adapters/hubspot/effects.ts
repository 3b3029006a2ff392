import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import { type Change, idLikeText, textOf } from './change.ts';
import { MESSAGE_ADDED } from './definition.ts';
import { idText } from './notification.ts';

/** One event a change amounts to, won and lost apart. */
export interface Effect {
  readonly eventType: string;
  /** Without the change's idPrefix. */
  readonly objectId: string;
  /** Last part of the dedupe key. */
  readonly keyTail: string;
  /** Fields the payload has beside those of the notification. */
  readonly adds?: Readonly<Record<string, unknown>>;
}

/** The first effect is always of the object the notification is about. */
export type Effects = readonly [Effect, ...Effect[]];

/** Each merged-away object makes an event that holds the whole notification: keep that bounded. */
const MAX_MERGED = 250;

/** The events of a change: the table in docs/providers/hubspot.md. */
export function effectsOf(change: Change): Effects | Refusal {
  const { notification, entity, kind } = change;
  if (kind === 'merge') return mergeEffects(change);
  if (kind === 'associationChange') return associationEffects(change);
  const objectId = idText(notification.objectId);
  if (objectId === undefined) return invalid('objectId must be a positive integer');
  switch (kind) {
    case 'creation':
    case 'restore':
      return [{ eventType: entity.created, objectId, keyTail: '' }];
    case 'deletion':
      return [{ eventType: entity.deleted, objectId, keyTail: '' }];
    case 'privacyDeletion':
      return [
        { eventType: entity.deleted, objectId, keyTail: '', adds: { privacy_deletion: true } },
      ];
    case 'propertyChange': {
      const { propertyName } = notification;
      if (typeof propertyName !== 'string') return invalid('propertyName must be text');
      return [{ eventType: entity.updated, objectId, keyTail: propertyName }];
    }
    case 'newMessage':
      return [{ eventType: MESSAGE_ADDED, objectId, keyTail: textOf(notification.messageId) }];
  }
}

/** The stage a deal has moved to, where that is what the change tells. */
export function stageMovedTo({ notification, entity, kind }: Change): string | undefined {
  if (kind !== 'propertyChange' || entity.type !== 'deal') return undefined;
  if (notification.propertyName !== 'dealstage') return undefined;
  return textOf(notification.propertyValue) || undefined;
}

/** The surviving object is updated; every merged-away one is deleted and names the survivor. */
function mergeEffects({ notification, entity, idPrefix }: Change): Effects | Refusal {
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
  const adds = { merged_into: idPrefix + survivor };
  return [
    { eventType: entity.updated, objectId: survivor, keyTail: '' },
    ...Array.from(away, (objectId) => ({
      eventType: entity.deleted,
      objectId,
      keyTail: '',
      adds,
    })),
  ];
}

function associationEffects({ notification, entity }: Change): Effects | Refusal {
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
  const keyTail = `${label}|${textOf(notification.associationType)}`;
  return [{ eventType, objectId: from, keyTail }];
}
