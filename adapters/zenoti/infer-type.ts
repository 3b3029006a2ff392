import { isObject } from '#adapters/kit/json-body.ts';
import {
  COMPLETED,
  GROUP_STATUS,
  MEMBERSHIP_CANCELLED,
  MEMBERSHIP_FREEZE,
  STARTED,
  type ZenotiEvent,
} from './definition.ts';
import type { Fields } from './fields.ts';

/** Values of `appointment_progress`. Source: Zenoti developer documentation, "Appointment Completed". */
export const PROGRESS_STARTED = 1;
export const PROGRESS_COMPLETED = 2;

/** Most appointments of one body. */
export const MAX_APPOINTMENTS = 5_000;

/**
 * The event that a body without an envelope tells of, by fields that only that event has. Source:
 * the samples of "Appointment Completed", "Appointment Group Status", "Guest Membership Freeze" and
 * "Guest Membership Cancelled". Unfreeze and Reinstate have no such field.
 *
 * @returns undefined when no field, or fields of several events, are there
 */
export function inferEvent(data: Fields): ZenotiEvent | undefined {
  const { appointments } = data;
  if (Array.isArray(appointments)) return byProgress(appointments);
  const candidates = [
    data.appointment_group_status !== undefined && GROUP_STATUS,
    isObject(data.freeze) && MEMBERSHIP_FREEZE,
    isObject(data.cancel) && MEMBERSHIP_CANCELLED,
  ].filter((event) => event !== false);
  return candidates.length === 1 ? candidates[0] : undefined;
}

function byProgress(appointments: readonly unknown[]): ZenotiEvent | undefined {
  if (appointments.length > MAX_APPOINTMENTS) return undefined;
  const reached = (progress: number) =>
    appointments.some((one) => isObject(one) && one.appointment_progress === progress);
  if (reached(PROGRESS_COMPLETED)) return COMPLETED;
  return reached(PROGRESS_STARTED) ? STARTED : undefined;
}
