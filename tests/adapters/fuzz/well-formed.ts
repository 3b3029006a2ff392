import { isDeepStrictEqual } from 'node:util';
import type { Adapter, EventDraft, WebhookResult } from '#adapters/kit/adapter.ts';
import type { Resolution } from '#adapters/kit/resolution.ts';
import { EVENT_TYPE_PATTERN, isObservation } from '#schemas/event.ts';
import { findInexact } from '#schemas/exact.ts';

const MAX_ID = 256;
/** End of the year 9999, the last instant RFC 3339 can spell. */
const LAST_MS = 253_402_300_799_999;

/** What is wrong with a result, whatever the body was; undefined when nothing is. */
export function faultOfResult(adapter: Adapter, result: WebhookResult): string | undefined {
  for (const { reason, pointer, detail } of result.skipped) {
    if (!adapter.skipReasons.includes(reason)) return `reason ${reason} is not in skipReasons`;
    if (typeof pointer !== 'string' || typeof detail !== 'string') return 'a skipped item is none';
  }
  const { answer } = result;
  if (answer !== undefined && !(answer.status >= 200 && answer.status < 600)) {
    return `status ${answer.status}`;
  }
  const checked = new Set<unknown>();
  for (const draft of result.drafts) {
    const fault = faultOfDraft(adapter, draft, checked);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfDraft(
  adapter: Adapter,
  draft: EventDraft,
  checked: Set<unknown>,
): string | undefined {
  const { eventType, entityType, entityId, occurredAtMs, actor, payload, dedupeKey } = draft;
  const fault = isObservation(eventType)
    ? faultOfName(eventType, entityType, entityId)
    : faultOfEvent(adapter, eventType, entityType, entityId);
  if (fault !== undefined) return fault;
  if (!Number.isSafeInteger(occurredAtMs) || occurredAtMs < 0 || occurredAtMs > LAST_MS) {
    return `occurredAtMs ${occurredAtMs}`;
  }
  if (actor !== null && !isId(actor)) return 'actor is no id';
  if (typeof dedupeKey !== 'string' || dedupeKey === '') return 'dedupeKey is empty';
  // Events of one item share their payload.
  if (checked.has(payload)) return undefined;
  checked.add(payload);
  return faultOfPayload(payload);
}

/** What is wrong with what an observation was resolved to. */
export function faultOfResolution(adapter: Adapter, resolution: Resolution): string | undefined {
  for (const event of resolution.events) {
    const { eventType, entityType, entityId, changedFields, extra } = event;
    if (isObservation(eventType)) return 'an observation was resolved to one';
    const fault = faultOfEvent(adapter, eventType, entityType, entityId);
    if (fault !== undefined) return fault;
    if (changedFields?.some((name) => typeof name !== 'string' || name.length > MAX_ID)) {
      return 'changedFields has a name that is too long';
    }
    if ((changedFields?.length ?? 0) > 1_000) return 'changedFields is too long';
    const inexact = extra && faultOfPayload(extra);
    if (inexact !== undefined) return inexact;
  }
  const { known } = resolution;
  return known && !isDeepStrictEqual(roundTrip(known), known) ? 'known is not JSON' : undefined;
}

function faultOfEvent(
  { eventTypes }: Adapter,
  eventType: string,
  entityType: string,
  entityId: string,
): string | undefined {
  if (!eventTypes.includes('*') && !eventTypes.includes(eventType)) {
    return `${eventType} is not in eventTypes`;
  }
  return faultOfName(eventType, entityType, entityId);
}

function faultOfName(eventType: string, entityType: string, entityId: string): string | undefined {
  if (!EVENT_TYPE_PATTERN.test(eventType)) return 'eventType is none';
  if (!isId(entityType)) return 'entityType is no id';
  return isId(entityId) ? undefined : 'entityId is no id';
}

function faultOfPayload(payload: unknown): string | undefined {
  const inexact = findInexact(payload);
  if (inexact !== undefined) return `payload: ${inexact.message}`;
  return isDeepStrictEqual(roundTrip(payload), payload) ? undefined : 'payload is not JSON';
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_ID;
}

function roundTrip(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
