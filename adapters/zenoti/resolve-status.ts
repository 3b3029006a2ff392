import type { Observation, Resolution, ResolvedEvent } from '#adapters/kit/resolution.ts';
import { APPOINTMENT, APPOINTMENT_GROUP } from './definition.ts';
import { type Fields, integerOf } from './fields.ts';
import { type GroupState, isBefore, latest } from './group-state.ts';

/**
 * Verbs of the statuses that end an appointment. Source: Zenoti developer documentation, "Close an
 * invoice", enumeration of appointment statuses; that groups use the same one is not documented.
 */
const END_VERBS: ReadonlyMap<number | null, string> = new Map([
  [-1, 'cancelled'],
  [-2, 'no_show'],
]);

/** The verb of a status that ends an appointment; undefined for any other. */
export function endVerb(status: number | null): string | undefined {
  return END_VERBS.get(status);
}

/**
 * Resolves the status of a group. It names no appointments: each one known of the group gets an
 * event, and where there may be others, the group itself gets one, so that nothing is lost.
 *
 * @param state is brought up to date
 */
export function resolveStatus(
  { entity_id }: Observation,
  data: Fields,
  version: number | null,
  state: GroupState,
): Pick<Resolution, 'events' | 'note'> {
  if (isBefore(version, state.statusVersion)) return { events: [], note: 'stale' };
  const status = integerOf(data.appointment_group_status) ?? null;
  const verb = endVerb(status) ?? 'updated';
  const repeated = status !== null && status === state.status;
  state.status = status;
  state.statusVersion = latest(state.statusVersion, version);

  const events: ResolvedEvent[] = [];
  let note = 'stale';
  for (const [id, appointment] of state.appointments) {
    if (isBefore(version, appointment.version)) continue;
    note = 'unchanged';
    const same = status !== null && status === appointment.status;
    const newest = latest(appointment.version, version);
    state.appointments.set(id, { ...appointment, status, version: newest });
    if (same) continue;
    events.push({
      eventType: `${APPOINTMENT}.${verb}`,
      entityType: APPOINTMENT,
      entityId: id,
      changedFields: null,
      extra: { appointment_id: id },
    });
  }
  // Without the group's creation, nobody knows which other appointments it has.
  const allKnown = state.contents.size > 0 && !state.more;
  if (!allKnown && repeated) note = 'unchanged';
  if (!allKnown && !repeated) {
    events.push({
      eventType: `${APPOINTMENT_GROUP}.${verb}`,
      entityType: APPOINTMENT_GROUP,
      entityId: entity_id,
      changedFields: null,
    });
  }
  return events.length > 0 ? { events } : { events, note };
}
