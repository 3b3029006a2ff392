import type {
  KnownEntity,
  Observation,
  Resolution,
  ResolvedEvent,
} from '#adapters/kit/resolution.ts';
import { MEMBER, MEMBERSHIP, type MembershipEvent } from './definition.ts';
import { guidOf, objectAt } from './fields.ts';
import { isBefore, latest } from './group-state.ts';
import { utcMs } from './times.ts';

/**
 * Resolves an event of a membership to the same of the canonical events, and to an update of the
 * guest who holds it. Most events of memberships do not name the guest: the one named before counts.
 * A creation is told once; anything else that is older than what is known says nothing new.
 */
export function resolveMembership(
  { entity_id, payload }: Observation,
  { change }: MembershipEvent,
  known: KnownEntity | undefined,
): Resolution {
  const version = utcMs(payload.event_timestamp) ?? null;
  const facts = known?.facts ?? {};
  const older = isBefore(version, known?.version ?? null);
  const stated = guidOf(objectAt(payload, 'data').guest_id);
  const remembered = guidOf(facts.guest_id);
  const guestId = older ? (remembered ?? stated) : (stated ?? remembered);
  const isCreation = change === 'created';
  const next: KnownEntity = {
    version: latest(known?.version ?? null, version),
    fields: {},
    facts: {
      guest_id: guestId ?? null,
      created: isCreation || facts.created === true,
      change: older ? facts.change : change,
    },
  };

  const sameTime = version !== null && version === known?.version && facts.change === change;
  if (isCreation ? facts.created === true : sameTime) {
    return { events: [], known: next, note: 'unchanged' };
  }
  if (older && !isCreation) return { events: [], known: next, note: 'stale' };
  const events: ResolvedEvent[] = [
    {
      eventType: `${MEMBERSHIP}.${change}`,
      entityType: MEMBERSHIP,
      entityId: entity_id,
      changedFields: null,
    },
  ];
  if (guestId !== undefined) {
    events.push({
      eventType: `${MEMBER}.updated`,
      entityType: MEMBER,
      entityId: guestId,
      changedFields: null,
      extra: { membership_id: entity_id },
    });
  }
  return { events, known: next };
}
