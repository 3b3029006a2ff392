import type { EventDraft } from '#adapters/kit/adapter.ts';
import type { Refusal } from '#adapters/kit/batch.ts';
import { type Change, isRefusal, readChange } from './change.ts';
import { DEFAULT_OUTCOMES } from './deal-stages.ts';
import { DEAL_OBSERVED, OUTCOME_EVENTS } from './definition.ts';
import { type Effect, type Effects, effectsOf, stageMovedTo } from './effects.ts';
import type { Notification } from './notification.ts';

export interface MappingOptions {
  /** When given, notifications of another account are refused. */
  readonly portalId: string | undefined;
  /** True makes observations of deals, for `resolve.ts`; false makes their events at once. */
  readonly observesDeals: boolean;
}

/**
 * Maps one notification to its drafts: the table in docs/providers/hubspot.md. The notification
 * itself becomes the payload, unchanged and not copied, save where a field has to be added.
 */
export function mapNotification(
  notification: Notification,
  { portalId, observesDeals }: MappingOptions,
): EventDraft[] | Refusal {
  const change = readChange(notification, portalId);
  if (isRefusal(change)) return change;
  const effects = effectsOf(change);
  if (isRefusal(effects)) return effects;
  if (observesDeals && change.entity.type === 'deal') return [observation(change, effects)];
  return directDrafts(change, effects);
}

function directDrafts(change: Change, effects: Effects): EventDraft[] {
  // All merged-away objects share one payload: a copy for each would multiply the body.
  const added = effects.find(({ adds }) => adds !== undefined)?.adds;
  const extended = added && { ...change.notification, ...added };
  const drafts = effects.map((effect) => draft(change, effect, effect.adds && extended));
  const outcome = DEFAULT_OUTCOMES.get(stageMovedTo(change) ?? '');
  if (outcome !== undefined) {
    drafts.push(draft(change, { ...effects[0], eventType: OUTCOME_EVENTS[outcome] }));
  }
  return drafts;
}

/** One observation for all events of the notification: they come apart when it is resolved. */
function observation(change: Change, [effect]: Effects): EventDraft {
  const { dedupeKey, ...rest } = draft(change, effect);
  // No subscription type begins like this: the key is of no direct event.
  return { ...rest, eventType: DEAL_OBSERVED, dedupeKey: `${DEAL_OBSERVED}|${dedupeKey}` };
}

function draft(
  change: Change,
  { eventType, objectId, keyTail }: Effect,
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
