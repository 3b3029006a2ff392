import { invalidItem as invalid, type Refusal } from '#adapters/kit/batch.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import {
  CHANGE_TYPES,
  ENTITY_TYPES,
  type EntityType,
  GAP_OVERFLOW,
  GAP_PREFIX,
  type Operation,
} from './definition.ts';
import type { Organization } from './mapping-context.ts';
import { casedId } from './record-id.ts';
import { timeOf } from './record-times.ts';
import { OTHER_ORGANIZATION, unknownObject, unknownOperation } from './refusals.ts';
import type { Fields } from './sobject.ts';

/** A change event that was read. Source: Change Data Capture Developer Guide. */
export interface ChangeEvent {
  readonly object: string;
  readonly entityType: EntityType;
  readonly changeType: string;
  readonly operation: Operation;
  /** Only the header is known of the change. */
  readonly gap: boolean;
  readonly header: Fields;
  /** What stands beside the header. */
  readonly body: Fields;
  readonly recordIds: readonly unknown[];
  readonly transactionKey: string;
  readonly sequenceNumber: number;
  readonly commitTimestampMs: number;
}

/** The part of a change event that Salesforce made, and where it stands. */
interface Found {
  readonly value: Fields;
  readonly pointer: string;
}

/**
 * Most records of one event. Changes alike of one transaction and second share an event; Salesforce
 * documents no bound.
 */
const MAX_RECORDS = 500;
const MAX_TRANSACTION_KEY = 256;

/**
 * Finds the event in what a subscriber forwards: the payload itself, `{payload}` of the Pub/Sub API,
 * or `{data: {payload}}` of the Streaming API.
 */
export function findPayload(item: unknown, pointer: string): Found | undefined {
  if (!isObject(item)) return undefined;
  if (isObject(item.ChangeEventHeader)) return { value: item, pointer };
  if (isObject(item.payload)) return asPayload(item.payload, `${pointer}/payload`);
  if (!isObject(item.data)) return undefined;
  const { data } = item;
  return isObject(data.payload)
    ? asPayload(data.payload, `${pointer}/data/payload`)
    : asPayload(data, `${pointer}/data`);
}

function asPayload(value: Fields, pointer: string): Found | undefined {
  return isObject(value.ChangeEventHeader) ? { value, pointer } : undefined;
}

/** Reads an event's header; its record ids are left to be looked at one by one. */
export function readChangeEvent(
  item: unknown,
  payload: Fields,
  organization: Organization,
): ChangeEvent | Refusal {
  if (isOfAnother(item, organization)) return OTHER_ORGANIZATION;
  const { ChangeEventHeader: header, ...body } = payload;
  if (!isObject(header)) return invalid('ChangeEventHeader must be an object');
  const { entityName, changeType, recordIds, transactionKey, sequenceNumber } = header;
  const entityType = typeof entityName === 'string' ? ENTITY_TYPES.get(entityName) : undefined;
  if (typeof entityName !== 'string' || entityType === undefined) return unknownObject(entityName);
  if (changeType === GAP_OVERFLOW) return overflow(entityName);
  const operation = typeof changeType === 'string' ? CHANGE_TYPES.get(changeType) : undefined;
  if (typeof changeType !== 'string' || operation === undefined) {
    return unknownOperation(changeType);
  }
  if (!Array.isArray(recordIds) || recordIds.length === 0 || recordIds.length > MAX_RECORDS) {
    return invalid(`recordIds must be an array of 1 to ${MAX_RECORDS}`);
  }
  if (typeof transactionKey !== 'string' || !isWord(transactionKey)) {
    return invalid(`transactionKey must be text of 1 to ${MAX_TRANSACTION_KEY} characters`);
  }
  if (!Number.isSafeInteger(sequenceNumber)) return invalid('sequenceNumber must be an integer');
  const commitTimestampMs = timeOf(header.commitTimestamp);
  if (commitTimestampMs === undefined) {
    return invalid('commitTimestamp must be a time in milliseconds');
  }
  return {
    object: entityName,
    entityType,
    changeType,
    operation,
    gap: changeType.startsWith(GAP_PREFIX),
    header,
    body,
    recordIds,
    transactionKey,
    sequenceNumber: sequenceNumber as number,
    commitTimestampMs,
  };
}

/** Salesforce's events do not say whose they are; a forwarder may add it. */
function isOfAnother(item: unknown, { cased }: Organization): boolean {
  if (!isObject(item) || item.organization_id === undefined) return false;
  return casedId(item.organization_id) !== cased;
}

function overflow(object: string): Refusal {
  return {
    reason: 'gap_overflow',
    detail: `Salesforce had more changes of ${object} than it could tell. Poll the object again.`,
  };
}

function isWord(text: string): boolean {
  return text.length > 0 && text.length <= MAX_TRANSACTION_KEY;
}
