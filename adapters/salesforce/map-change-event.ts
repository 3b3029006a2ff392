import type { EventDraft } from '#adapters/kit/adapter.ts';
import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import { actorOf } from './actor.ts';
import { type ChangeEvent, findPayload, readChangeEvent } from './change-event.ts';
import { changedFields } from './changed-fields.ts';
import type { MappingContext } from './mapping-context.ts';
import { observation } from './observation.ts';
import { recordId } from './record-id.ts';

/** One record of one change event, or an event that is refused as a whole. */
export interface ChangedRecord {
  readonly pointer: string;
  readonly change: { readonly event: ChangeEvent; readonly id: unknown } | Refusal;
}

const WILDCARD_ID = /^\w{3}\*$/;
const WILDCARD: Refusal = {
  reason: 'wildcard_record_id',
  detail: 'The change is of all records of the object. Poll the object again.',
};

/** Takes a forwarded event apart: its changes of each record, in order. */
export function changedRecords(
  item: unknown,
  pointer: string,
  { organization }: MappingContext,
): ChangedRecord[] {
  const found = findPayload(item, pointer);
  if (found === undefined) {
    return [{ pointer, change: invalid('there is no ChangeEventHeader') }];
  }
  const event = readChangeEvent(item, found.value, organization);
  if ('reason' in event) return [{ pointer, change: event }];
  return event.recordIds.map((id, index) => ({
    pointer: `${found.pointer}/ChangeEventHeader/recordIds/${index}`,
    change: { event, id },
  }));
}

/** Maps a change of one record to an observation of it. */
export function mapChangedRecord(
  { change }: ChangedRecord,
  { organization }: MappingContext,
): EventDraft[] | Refusal {
  if ('reason' in change) return change;
  const { event, id } = change;
  if (typeof id === 'string' && WILDCARD_ID.test(id)) return WILDCARD;
  const entityId = recordId(id);
  if (entityId === undefined) return invalid('recordIds must hold Salesforce ids');
  const { recordIds: _others, ...header } = event.header;
  const payload = {
    channel: 'cdc',
    organization_id: organization.full,
    object: event.object,
    operation: event.operation,
    ...(event.gap && { gap: true }),
    change_event_header: header,
    record: changedFields(event, entityId),
  };
  return observation({
    entityType: event.entityType,
    entityId,
    occurredAtMs: event.commitTimestampMs,
    actor: actorOf(event.header.commitUser),
    payload,
    // No part before the last holds a bar, and free text comes last.
    dedupeKey: `cdc|${organization.cased}|${entityId}|${event.sequenceNumber}|${event.transactionKey}`,
  });
}
