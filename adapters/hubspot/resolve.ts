import type { KnownEntity, Resolve, ResolvedEvent } from '#adapters/kit/resolution.ts';
import { type Change, isRefusal, readChange } from './change.ts';
import { type StageOutcomes, stageOutcomes } from './deal-stages.ts';
import { OUTCOME_EVENTS } from './definition.ts';
import { type Effect, effectsOf, stageMovedTo } from './effects.ts';
import type { HubspotSettings } from './settings.ts';

/** Longest name an event can list among its changed fields, in characters. */
const MAX_FIELD_NAME = 256;

/**
 * Compiles the settings to the resolution of what was observed of a deal. It gives the events the
 * notification would have given at once, save that a deal is won or lost only when it moves to such
 * a stage from one of another outcome. There is one without `deal_pipelines` too: observations that
 * were made while the setting was there can be resolved after it is gone.
 */
export function makeResolve(settings: HubspotSettings): Resolve {
  const outcomes = stageOutcomes(settings.deal_pipelines ?? []);
  return ({ payload }, known) => {
    const change = readChange(payload, undefined);
    const effects = isRefusal(change) ? change : effectsOf(change);
    if (isRefusal(change) || isRefusal(effects)) return { events: [], note: 'unreadable' };
    const events = effects.map((effect) => eventOf(change, effect));
    const move = moveOf(change, outcomes);
    // HubSpot promises no order: a move before the known one was undone by it.
    if (move === undefined || isBefore(change, known)) return { events };
    if (move.outcome !== 'open' && move.outcome !== known?.facts.outcome) {
      events.push({
        ...eventOf(change, effects[0]),
        eventType: OUTCOME_EVENTS[move.outcome],
        changedFields: null,
      });
    }
    return {
      events,
      known: {
        // The time of the move and not of the newest notification: a move that comes behind the
        // change of an amount made a moment later is no old one.
        version: change.occurredAtMs,
        fields: known?.fields ?? {},
        facts: { ...known?.facts, ...move },
      },
    };
  };
}

/** Where a deal has moved to, as it is kept. */
interface Move {
  readonly outcome: 'open' | 'won' | 'lost';
  readonly stage: string;
}

function moveOf(change: Change, outcomes: StageOutcomes): Move | undefined {
  const stage = stageMovedTo(change);
  if (stage === undefined) return undefined;
  // A stage the settings do not list counts as open.
  return { outcome: outcomes.get(stage) ?? 'open', stage: stage.slice(0, MAX_FIELD_NAME) };
}

function isBefore({ occurredAtMs }: Change, known: KnownEntity | undefined): boolean {
  return known?.version != null && occurredAtMs < known.version;
}

function eventOf(change: Change, { eventType, objectId, adds }: Effect): ResolvedEvent {
  return {
    eventType,
    entityType: change.entity.type,
    entityId: change.idPrefix + objectId,
    changedFields: changedFields(change),
    ...(adds && { extra: adds }),
  };
}

function changedFields({ kind, notification }: Change): readonly string[] | null {
  const { propertyName } = notification;
  if (kind !== 'propertyChange' || typeof propertyName !== 'string') return null;
  return propertyName.length > MAX_FIELD_NAME ? null : [propertyName];
}
