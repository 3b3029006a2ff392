import { isObject } from '#adapters/kit/json-body.ts';
import type {
  KnownEntity,
  Observation,
  Resolution,
  ResolvedEvent,
} from '#adapters/kit/resolution.ts';
import { fieldHash } from '#adapters/kit/resolve-record.ts';
import { APPOINTMENT, type AppointmentEvent } from './definition.ts';
import { type Fields, guidOf, integerOf, objectAt } from './fields.ts';
import {
  type AppointmentState,
  type GroupState,
  isBefore,
  latest,
  readGroup,
  remember,
  writeGroup,
} from './group-state.ts';
import { PROGRESS_COMPLETED, PROGRESS_STARTED } from './infer-type.ts';
import { endVerb, resolveStatus } from './resolve-status.ts';
import { utcMs } from './times.ts';

/** What an observation says of one appointment: verbs of events, or why there is none. */
type Outcome = readonly string[] | 'stale' | 'unchanged';

/**
 * Resolves an observation of a group of appointments, or of one without a group, to an event of each
 * appointment it says something new of.
 */
export function resolveAppointments(
  observation: Observation,
  event: AppointmentEvent,
  known: KnownEntity | undefined,
): Resolution {
  const { payload } = observation;
  const data = objectAt(payload, 'data');
  const version = utcMs(payload.event_timestamp) ?? null;
  const state = readGroup(known);
  const told =
    event.change === 'status'
      ? resolveStatus(observation, data, version, state)
      : resolveListed(event, data, version, state);
  return { ...told, known: writeGroup(state, known, version) };
}

function resolveListed(
  event: AppointmentEvent,
  data: Fields,
  version: number | null,
  state: GroupState,
): Pick<Resolution, 'events' | 'note'> {
  const events: ResolvedEvent[] = [];
  const notes = new Set<string>();
  const listed = listedIn(data);
  const superseded = isBefore(version, state.createdVersion);
  for (const [id, appointment] of listed) {
    const outcome =
      event.change === 'created'
        ? applyCreated(id, appointment, version, superseded, state)
        : applyProgress(id, progressOf(appointment, event), version, state);
    if (typeof outcome === 'string') {
      notes.add(outcome);
      continue;
    }
    const extra = { ...extraOf(id, appointment), ...only(appointment, data, listed.size) };
    for (const verb of outcome) events.push(appointmentEvent(id, verb, extra));
  }
  if (event.change === 'created') state.createdVersion = latest(state.createdVersion, version);
  if (events.length > 0) return { events };
  return { events, note: notes.has('unchanged') ? 'unchanged' : 'stale' };
}

/**
 * An appointment that is known is not created again, however it became known. Where the end was told
 * of the group alone, because the appointment was not known, the end follows the creation: one that
 * comes late brings nothing back to life.
 */
function applyCreated(
  id: string,
  appointment: Fields,
  version: number | null,
  superseded: boolean,
  state: GroupState,
): Outcome {
  const known = state.appointments.has(id);
  const content = fieldHash(appointment);
  if (known) {
    if (superseded) return 'stale';
    if (state.contents.get(id) === content) return 'unchanged';
    state.contents.set(id, content);
    return ['updated'];
  }
  const first = firstState(version, state);
  if (remember(state, id, first)) state.contents.set(id, content);
  const end = endVerb(first.status);
  return end === undefined ? ['created'] : ['created', end];
}

/** A completion is told even where a later change is known, unless that ended the appointment. */
function applyProgress(
  id: string,
  progress: number,
  version: number | null,
  state: GroupState,
): Outcome {
  const before = state.appointments.get(id) ?? firstState(version, state);
  const older = isBefore(version, before.version);
  const completed = progress === PROGRESS_COMPLETED;
  // Where times cannot be compared, a start that comes after the completion came late.
  const timed = version !== null && before.version !== null;
  const overtaken = !timed && before.progress === PROGRESS_COMPLETED;
  let outcome: Outcome = [completed ? 'completed' : 'updated'];
  if (progress === before.progress) outcome = 'unchanged';
  else if (completed ? older && endVerb(before.status) !== undefined : older || overtaken) {
    outcome = 'stale';
  }
  remember(state, id, {
    ...before,
    progress: outcome === 'stale' ? before.progress : progress,
    version: latest(before.version, version),
  });
  return outcome;
}

/** An appointment nothing is known of is in the state its group was told to be in since. */
function firstState(version: number | null, state: GroupState): AppointmentState {
  const { status, statusVersion } = state;
  const since = version !== null && statusVersion !== null && version <= statusVersion;
  return {
    status: since ? status : null,
    progress: null,
    version: since ? statusVersion : null,
  };
}

function progressOf(appointment: Fields, { change }: AppointmentEvent): number {
  const stated = integerOf(appointment.appointment_progress);
  return stated ?? (change === 'completed' ? PROGRESS_COMPLETED : PROGRESS_STARTED);
}

function listedIn({ appointments }: Fields): ReadonlyMap<string, Fields> {
  const listed = new Map<string, Fields>();
  for (const appointment of Array.isArray(appointments) ? appointments : []) {
    if (!isObject(appointment)) continue;
    const id = guidOf(appointment.id);
    if (id !== undefined && !listed.has(id)) listed.set(id, appointment);
  }
  return listed;
}

function extraOf(appointment_id: string, appointment: Fields): Fields {
  return { appointment_id, appointment };
}

/** The other appointments of the body are left out: with all of them, events would grow as squares. */
function only(appointment: Fields, data: Fields, listed: number): Fields {
  return listed > 1 ? { data: { ...data, appointments: [appointment] } } : {};
}

function appointmentEvent(entityId: string, verb: string, extra: Fields): ResolvedEvent {
  const eventType = `${APPOINTMENT}.${verb}`;
  return { eventType, entityType: APPOINTMENT, entityId, changedFields: null, extra };
}
