import type { EventDraft, SkippedItem, WebhookResult } from '#adapters/kit/adapter.ts';
import { invalidItem, type Refusal } from '#adapters/kit/batch.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { findInexact } from '#schemas/exact.ts';
import { APPOINTMENT, APPOINTMENT_GROUP, type AppointmentEvent } from './definition.ts';
import { draft } from './draft.ts';
import { type Fields, guidOf } from './fields.ts';
import { MAX_KNOWN } from './group-state.ts';
import { MAX_APPOINTMENTS } from './infer-type.ts';
import type { Message } from './message.ts';

/**
 * Every event of an appointment holds what stands beside `appointments`, too: to so many characters
 * may that add up.
 */
const MAX_SPREAD = 8 * 1024 * 1024;

/**
 * Maps an event of appointments to one observation of their group; where the body names no group, to
 * one of each appointment. An appointment that cannot be used is skipped and left out of the payload.
 */
export function mapAppointments(message: Message, event: AppointmentEvent): WebhookResult {
  return event.change === 'status' ? mapStatus(message) : mapListed(message);
}

function mapStatus(message: Message): WebhookResult {
  const { data, at, payload } = message;
  const groupId = guidOf(data.appointment_group_id);
  if (groupId === undefined) {
    return refusedAt(`${at}/appointment_group_id`, 'appointment_group_id must be a GUID');
  }
  const fault = payloadFault(payload, MAX_KNOWN);
  if (fault !== undefined) return refusedAt(at, fault);
  return { drafts: [observation(message, APPOINTMENT_GROUP, groupId, payload)], skipped: [] };
}

function mapListed(message: Message): WebhookResult {
  const { data, at } = message;
  const listed = data.appointments;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > MAX_APPOINTMENTS) {
    const detail = `appointments must be an array of 1 to ${MAX_APPOINTMENTS}`;
    return refusedAt(`${at}/appointments`, detail);
  }
  const { usable, skipped } = sortOut(listed, `${at}/appointments`);
  if (usable.size === 0) return { drafts: [], skipped };
  const fault = payloadFault(withAppointments(message, []), usable.size);
  if (fault !== undefined) return refusedAt(at, fault);

  const groupId = guidOf(data.appointment_group_id);
  if (groupId !== undefined) {
    const complete = usable.size === listed.length;
    const payload = complete ? message.payload : withAppointments(message, [...usable.values()]);
    return { drafts: [observation(message, APPOINTMENT_GROUP, groupId, payload)], skipped };
  }
  const drafts = Array.from(usable, ([id, appointment]) =>
    observation(message, APPOINTMENT, id, withAppointments(message, [appointment])),
  );
  return { drafts, skipped };
}

/** The appointments with an id of their own, and why the others are none. */
function sortOut(listed: readonly unknown[], at: string) {
  const usable = new Map<string, Fields>();
  const skipped: SkippedItem[] = [];
  for (const [index, appointment] of listed.entries()) {
    const id = isObject(appointment) ? guidOf(appointment.id) : undefined;
    const refusal = refusalOf(appointment, id, usable);
    if (refusal !== undefined) skipped.push({ pointer: `${at}/${index}`, ...refusal });
    else if (id !== undefined && isObject(appointment)) usable.set(id, appointment);
  }
  return { usable, skipped };
}

function refusalOf(
  appointment: unknown,
  id: string | undefined,
  usable: ReadonlyMap<string, Fields>,
): Refusal | undefined {
  if (!isObject(appointment)) return invalidItem('it is not an object');
  if (id === undefined) return invalidItem('id must be a GUID');
  if (usable.has(id)) {
    const detail = 'The same appointment stands earlier in this body.';
    return { reason: 'repeated_in_batch', detail };
  }
  // As deep as it will stand in a payload.
  const fault = findInexact({ data: { appointments: [appointment] } });
  return fault && invalidItem(`the appointment cannot be a payload: ${fault.message}`);
}

function withAppointments({ payload, data }: Message, appointments: readonly Fields[]): Fields {
  return { ...payload, data: { ...data, appointments } };
}

/** @param copies in how many events the payload may come to stand */
function payloadFault(shared: Fields, copies: number): string | undefined {
  const inexact = findInexact(shared);
  if (inexact) return `the body cannot be a payload: ${inexact.message}`;
  if (copies === 1 || JSON.stringify(shared).length * copies <= MAX_SPREAD) return undefined;
  return 'it is too large for so many appointments';
}

function observation(
  message: Message,
  entityType: string,
  id: string,
  payload: Fields,
): EventDraft {
  return draft(message, `${entityType}.observed`, entityType, id, payload);
}

function refusedAt(pointer: string, detail: string): WebhookResult {
  return { drafts: [], skipped: [{ pointer, ...invalidItem(detail) }] };
}
