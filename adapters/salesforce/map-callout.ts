import type { EventDraft } from '#adapters/kit/adapter.ts';
import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { actorOf } from './actor.ts';
import { ENTITY_TYPES, type EntityType, type Operation } from './definition.ts';
import type { MappingContext } from './mapping-context.ts';
import { observation } from './observation.ts';
import { recordId } from './record-id.ts';
import { stateTime, timeOf } from './record-times.ts';
import { unknownObject, unknownOperation } from './refusals.ts';
import type { Fields } from './sobject.ts';

const OPERATIONS: ReadonlySet<unknown> = new Set<Operation>([
  'create',
  'update',
  'delete',
  'undelete',
]);
const MAX_EVENT_ID = 256;

/** The parts of a callout's event that name what it is about. */
interface Named {
  readonly eventId: string;
  readonly object: string;
  readonly entityType: EntityType;
  readonly operation: Operation;
  readonly entityId: string;
  readonly record: Fields;
}

/** Maps one event of a callout, written as docs/providers/salesforce.md asks, to an observation. */
export function mapCalloutEvent(
  item: unknown,
  { organization, receivedAtMs }: MappingContext,
): EventDraft[] | Refusal {
  if (!isObject(item)) return invalid('it is not an object');
  const named = readNamed(item);
  if ('reason' in named) return named;
  const { eventId, object, entityType, operation, entityId, record } = named;
  const statedMs = timeOf(item.occurred_at);
  if (statedMs === undefined && item.occurred_at !== undefined) {
    return invalid('occurred_at must be a time with its offset, or milliseconds');
  }
  if (item.complete !== undefined && typeof item.complete !== 'boolean') {
    return invalid('complete must be true or false');
  }
  const payload = {
    channel: 'callout',
    organization_id: organization.full,
    event_id: eventId,
    object,
    operation,
    complete: item.complete === true,
    ...(statedMs !== undefined && { occurred_at: item.occurred_at }),
    record,
  };
  return observation({
    entityType,
    entityId,
    occurredAtMs: statedMs ?? impliedTime(operation, record) ?? receivedAtMs,
    actor: actorOf(item.actor) ?? actorOf(record.LastModifiedById),
    payload,
    // No part before the last holds a bar, and free text comes last.
    dedupeKey: `callout|${organization.cased}|${entityId}|${eventId}`,
  });
}

function readNamed(item: Fields): Named | Refusal {
  const eventId = idText(item.id);
  if (eventId === undefined) return invalid(`id must be text of 1 to ${MAX_EVENT_ID} characters`);
  const { object, operation, record } = item;
  const entityType = typeof object === 'string' ? ENTITY_TYPES.get(object) : undefined;
  if (typeof object !== 'string' || entityType === undefined) return unknownObject(object);
  if (!isOperation(operation)) return unknownOperation(operation);
  if (!isObject(record)) return invalid('record must be an object');
  const entityId = recordId(record.Id);
  if (entityId === undefined) return invalid('the Id of the record must be a Salesforce id');
  return { eventId, object, entityType, operation, entityId, record };
}

function isOperation(value: unknown): value is Operation {
  return OPERATIONS.has(value);
}

/** The last state of a record that is gone, or came back, tells when it changed before that. */
function impliedTime(operation: Operation, record: Fields): number | undefined {
  return operation === 'create' || operation === 'update' ? stateTime(record) : undefined;
}

function idText(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && text.length > 0 && text.length <= MAX_EVENT_ID
    ? text
    : undefined;
}
