import { jsonDecimal } from '#adapters/kit/sandbox/json-decimal.ts';
import { CENTER_NAME, type Center, type Guest, utcText } from './bodies.ts';
import type { Fields } from './fields.ts';

export interface Group {
  readonly id: string;
  readonly invoiceId: string;
  readonly invoiceNumber: string;
}

export interface Appointment {
  readonly id: string;
  readonly startMs: number;
  readonly minutes: number;
}

const HOUR_MS = 3_600_000;
/** The centers of samples and sandbox are so far behind UTC. */
const CENTER_OFFSET_MS = -7 * HOUR_MS;
const SERVICE_ID = '88888888-8888-4888-8888-888888888888';
const THERAPIST_ID = '99999999-9999-4999-8999-999999999999';

export function groupData(
  group: Group,
  guest: Guest,
  appointments: readonly Appointment[],
  { organizationId, centerId }: Center,
  atMs: number,
): Fields {
  return {
    invoice_id: group.invoiceId,
    invoice_number: group.invoiceNumber,
    invoice_number_prefix: 'SYN1',
    appointment_group_id: group.id,
    organization_id: organizationId,
    center_id: centerId,
    center_Name: CENTER_NAME,
    guest: {
      id: guest.id,
      first_name: guest.firstName,
      last_name: guest.lastName,
      email: guest.email,
    },
    appointments: appointments.map(({ id, startMs, minutes }) => {
      const endMs = startMs + minutes * 60_000;
      return {
        id,
        invoice_item_id: id,
        service_name: 'Massage',
        service_id: SERVICE_ID,
        start_time: utcText(startMs),
        end_time: utcText(endMs),
        start_time_in_center: utcText(startMs + CENTER_OFFSET_MS),
        end_time_in_center: utcText(endMs + CENTER_OFFSET_MS),
        creation_date: utcText(atMs),
        last_updated_on: utcText(atMs),
        service_duration_in_minutes: minutes,
        is_add_on: false,
        therapist_id: THERAPIST_ID,
        therapist_name: 'Sam T',
        room_id: '',
      };
    }),
  };
}

/** Started and Completed: `progress` is 1 or 2. */
export function progressData(
  group: Group,
  appointments: readonly (Appointment & { readonly progress: number })[],
  { centerId }: Center,
): Fields {
  return {
    invoice_id: group.invoiceId,
    invoice_number: group.invoiceNumber,
    appointment_group_id: group.id,
    center_id: centerId,
    appointments: appointments.map(({ id, startMs, minutes, progress }) => ({
      id,
      service_name: 'Massage',
      start_time: utcText(startMs),
      serviceduration_in_miutes: minutes,
      TherapistId: THERAPIST_ID,
      appointment_progress: progress,
    })),
  };
}

export function statusData(group: Group, status: number): Fields {
  return {
    invoice_id: group.invoiceId,
    invoice_number: group.invoiceNumber,
    receipt_number: '0',
    appointment_group_id: group.id,
    appointment_group_status: status,
    is_noshowfeerequired: 'Yes',
    is_cancellationfeerequired: 'Yes',
  };
}

/** @param total decimal text */
export function invoiceData(
  group: Group,
  guest: Guest,
  { centerId }: Center,
  total: string,
): Fields {
  return {
    invoice: {
      id: group.invoiceId,
      invoice_number: group.invoiceNumber,
      appointment_group_id: group.id,
      is_closed: true,
      is_refund: false,
      center_id: centerId,
      total_price: {
        currency_id: 148,
        net_price: jsonDecimal(total),
        sum_total: jsonDecimal(total),
      },
      guest: { id: guest.id, first_name: guest.firstName, last_name: guest.lastName },
    },
  };
}
