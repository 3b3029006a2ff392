import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import { mapItems } from '#adapters/kit/batch.ts';
import { assertJsonType, isObject, parseJsonBody } from '#adapters/kit/json-body.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { mapCalloutEvent } from './map-callout.ts';
import { changedRecords, mapChangedRecord } from './map-change-event.ts';
import type { MappingContext } from './mapping-context.ts';
import { casedId } from './record-id.ts';
import { OTHER_ORGANIZATION } from './refusals.ts';

/** Most events of one callout: what Salesforce hands a trigger at once. */
export const MAX_EVENTS = 200;
/** Most changes of records: a change event can tell of several. */
const MAX_CHANGES = 2_000;

/**
 * Maps the body of a signed callout: `{events: […]}` as our documentation asks, or events of Change
 * Data Capture as a subscriber got them, one or an array.
 *
 * @throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing of the body can be used
 */
export function mapCallout(request: WebhookRequest, context: MappingContext): WebhookResult {
  assertJsonType(request);
  const body = parseJsonBody(request.body);
  if (isObject(body) && Object.hasOwn(body, 'events')) return mapEvents(body, context);
  if (Array.isArray(body)) {
    assertFits(body);
    return mapChanges(body, (index) => `/${index}`, context);
  }
  if (isObject(body)) return mapChanges([body], () => '', context);
  throw new InvalidBody('The body must be an object with "events", or change events.');
}

function mapEvents(
  { events, organization_id }: Readonly<Record<string, unknown>>,
  context: MappingContext,
): WebhookResult {
  if (!Array.isArray(events)) throw new InvalidBody('"events" must be an array.');
  assertFits(events);
  const other =
    organization_id !== undefined && casedId(organization_id) !== context.organization.cased;
  return mapItems(
    events,
    (event) => (other ? OTHER_ORGANIZATION : mapCalloutEvent(event, context)),
    (index) => `/events/${index}`,
  );
}

function mapChanges(
  items: readonly unknown[],
  pointerOf: (index: number) => string,
  context: MappingContext,
): WebhookResult {
  const records = items.flatMap((item, index) => changedRecords(item, pointerOf(index), context));
  if (records.length > MAX_CHANGES) {
    throw new InvalidBody(
      `The body tells of ${records.length} changes of records; send at most ${MAX_CHANGES} in one request.`,
    );
  }
  return mapItems(
    records,
    (record) => mapChangedRecord(record, context),
    (index) => records[index]?.pointer ?? '',
  );
}

function assertFits(events: readonly unknown[]): void {
  if (events.length >= 1 && events.length <= MAX_EVENTS) return;
  throw new InvalidBody(
    `The body holds ${events.length} events; send 1 to ${MAX_EVENTS} in one request.`,
  );
}
