import { jsonDecimal } from '#adapters/kit/sandbox/json-decimal.ts';
import type { Fields } from './fields.ts';

/*
 * Bodies as Zenoti sends them, for samples and the sandbox. Field names are Zenoti's, misspelt ones
 * included. Source: Zenoti developer documentation, the page of each event.
 */

/** A UTC time as Zenoti writes it inside of data: to the second, without `Z`. */
export function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** The time of an event: with seven fraction digits and `Z`. */
export function eventTimeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}4127Z`;
}

/** The same with the event around it. Ids are hexadecimal, of 24 digits. */
export interface Envelope {
  readonly callId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly atMs: number;
}

export function envelope({ callId, eventId, eventType, atMs }: Envelope, data: Fields): Fields {
  return {
    id: callId,
    event_id: eventId,
    event_schema: 'v1',
    event_resource: null,
    event_type: eventType,
    event_timestamp: eventTimeText(atMs),
    data,
  };
}

export interface Center {
  readonly organizationId: string;
  readonly centerId: string;
}

export interface Guest {
  readonly id: string;
  /** Zenoti's number of the guest, beside its GUID. */
  readonly number: number;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
}

/** Stands in the data of nearly every event. */
export const CENTER_NAME = 'Test Center';
const NOBODY = '00000000-0000-0000-0000-000000000000';

export function guestData(guest: Guest, { centerId }: Center, createdMs: number): Fields {
  return {
    id: guest.id,
    _id: guest.number,
    code: `G${guest.number}`,
    center_id: centerId,
    center_name: CENTER_NAME,
    created_date: utcText(createdMs),
    personal_info: {
      user_name: '',
      first_name: guest.firstName,
      last_name: guest.lastName,
      email: guest.email,
      mobile_phone: null,
      gender: 0,
      date_of_birth: null,
    },
    address_info: { address_1: '', city: '', country_id: 225, state_id: -1, zip_code: '29214' },
    preferences: { receive_transactional_email: true, recieve_lp_stmt: true },
  };
}

/** @param salary decimal text */
export function employeeData(guest: Guest, { centerId }: Center, salary: string): Fields {
  return {
    id: guest.id,
    code: `E${guest.number}`,
    center_id: centerId,
    is_consultant: null,
    created_by: NOBODY,
    personal_info: {
      first_name: guest.firstName,
      last_name: guest.lastName,
      email: guest.email,
      birth_date: '0001-01-01T00:00:00',
    },
    job_info: { job_name: 'THERAPIST', salary: jsonDecimal(salary) },
  };
}
