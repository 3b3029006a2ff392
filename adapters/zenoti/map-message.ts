import type { EventDraft, WebhookResult } from '#adapters/kit/adapter.ts';
import { invalidItem, type Refusal } from '#adapters/kit/batch.ts';
import { findInexact } from '#schemas/exact.ts';
import { type DirectEvent, MEMBERSHIP } from './definition.ts';
import { draft } from './draft.ts';
import { type Fields, guidOf, objectAt } from './fields.ts';
import { mapAppointments } from './map-appointments.ts';
import type { Message } from './message.ts';

/** Maps a message to its drafts: the table in docs/providers/zenoti.md. */
export function mapMessage(message: Message): WebhookResult {
  const { event } = message;
  if (event.about === 'appointments') return mapAppointments(message, event);
  const fault = findInexact(message.payload);
  const outcome = fault
    ? invalidItem(`the body cannot be a payload: ${fault.message}`)
    : event.about === 'membership'
      ? membershipDraft(message)
      : directDraft(message, event);
  return 'reason' in outcome
    ? { drafts: [], skipped: [{ pointer: message.at, ...outcome }] }
    : { drafts: [outcome], skipped: [] };
}

function membershipDraft(message: Message): EventDraft | Refusal {
  const id = guidOf(message.data.user_membership_id);
  if (id === undefined) return invalidItem('user_membership_id must be a GUID');
  return draft(message, `${MEMBERSHIP}.observed`, MEMBERSHIP, id);
}

/** Guests, invoices and employees: the event says itself what happened to which record. */
function directDraft(message: Message, event: DirectEvent): EventDraft | Refusal {
  const id = event.about === 'invoice' ? invoiceId(message.data) : guidOf(message.data.id);
  if (id === undefined) return invalidItem(`the id of the ${event.about} must be a GUID`);
  const [entityType = ''] = event.eventType.split('.');
  return draft(message, event.eventType, entityType, id);
}

/** `data.invoice.id`. Source: Zenoti developer documentation, "Invoice Closed". */
function invoiceId(data: Fields): string | undefined {
  return guidOf(objectAt(data, 'invoice').id) ?? guidOf(data.invoice_id) ?? guidOf(data.id);
}
