import { isObject } from '#adapters/kit/json-body.ts';
import type { KnownEntity } from '#adapters/kit/resolution.ts';
import { integerOf } from './fields.ts';

/** Most appointments remembered of a group. */
export const MAX_KNOWN = 200;

/** What is remembered of one appointment. */
export interface AppointmentState {
  /** The last status and progress told of it; null before the first. */
  readonly status: number | null;
  readonly progress: number | null;
  /** Time of what told them last, in milliseconds; null when it is not told. */
  readonly version: number | null;
}

/**
 * What is remembered of a group, or of an appointment without one: ids, numbers and hashes, no data
 * of guests.
 */
export interface GroupState {
  readonly appointments: Map<string, AppointmentState>;
  /** Hash of what the last AppointmentGroup.Created held of each appointment. */
  readonly contents: Map<string, string>;
  /** True when the group has more appointments than are remembered. */
  more: boolean;
  /** The last status of the whole group, and its time. */
  status: number | null;
  statusVersion: number | null;
  /** Time of the last AppointmentGroup.Created. */
  createdVersion: number | null;
}

/** Remembers an appointment, unless there are too many already. @returns whether it is remembered */
export function remember(state: GroupState, id: string, appointment: AppointmentState): boolean {
  const fits = state.appointments.has(id) || state.appointments.size < MAX_KNOWN;
  if (fits) state.appointments.set(id, appointment);
  else state.more = true;
  return fits;
}

export function readGroup(known: KnownEntity | undefined): GroupState {
  const { appointments, more, status, status_version, created_version } = known?.facts ?? {};
  const entries = isObject(appointments) ? Object.entries(appointments) : [];
  return {
    appointments: new Map(entries.map(([id, value]) => [id, readAppointment(value)])),
    contents: new Map(Object.entries(known?.fields ?? {})),
    more: more === true,
    status: integerOf(status) ?? null,
    statusVersion: integerOf(status_version) ?? null,
    createdVersion: integerOf(created_version) ?? null,
  };
}

/** @param version of the observation that led to the state */
export function writeGroup(
  state: GroupState,
  known: KnownEntity | undefined,
  version: number | null,
): KnownEntity {
  const { appointments, contents, more, status, statusVersion, createdVersion } = state;
  return {
    version: latest(known?.version ?? null, version),
    fields: Object.fromEntries(contents),
    facts: {
      appointments: Object.fromEntries(appointments),
      more,
      status,
      status_version: statusVersion,
      created_version: createdVersion,
    },
  };
}

/** The later of two times, where null is none. */
export function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** True when a time is before another; false where either is not known. */
export function isBefore(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && a < b;
}

function readAppointment(value: unknown): AppointmentState {
  const { status, progress, version } = isObject(value) ? value : {};
  return {
    status: integerOf(status) ?? null,
    progress: integerOf(progress) ?? null,
    version: integerOf(version) ?? null,
  };
}
