import { hubspotAdapter } from '#adapters/hubspot/adapter.ts';
import { signatureHeaders } from '#adapters/hubspot/sign.ts';
import { eventId } from '#schemas/event-id.ts';
import type { AcknowledgedEvent } from './record.ts';

/** What a provider sends in one request: its text, and the events that it amounts to. */
export interface Batch {
  readonly body: Buffer<ArrayBuffer>;
  readonly events: readonly AcknowledgedEvent[];
}

export interface BatchMaker {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly secret: string;
}

const webhook = hubspotAdapter.bind(hubspotAdapter.settingsSchema.parse({})).webhook;
const FIRST_CHANGE_MS = 1_762_075_800_000;

/**
 * A HubSpot batch with one change of each entity.
 *
 * @param sequence number of the first change, unlike that of any other batch
 * @param occurredAtMs when a change happened, as the provider says
 */
export function makeBatch(
  { tenantId, connectionId }: BatchMaker,
  entityIds: readonly number[],
  sequence: number,
  occurredAtMs: (index: number) => number = (index) => FIRST_CHANGE_MS + sequence + index,
): Batch {
  const notifications = entityIds.map((objectId, index) => ({
    eventId: sequence + index,
    subscriptionId: 22,
    portalId: 33,
    appId: 1160452,
    occurredAt: occurredAtMs(index),
    subscriptionType: 'deal.propertyChange',
    attemptNumber: 0,
    objectId,
    propertyName: 'amount',
    propertyValue: `${sequence + index}.50`,
    changeSource: 'CRM_UI',
  }));
  const body = Buffer.from(JSON.stringify(notifications));
  const { drafts } = webhook({ method: 'POST', url: '', headers: {}, body, receivedAtMs: 0 });
  return {
    body,
    events: drafts.map(({ dedupeKey, entityId }) => ({
      eventId: eventId(tenantId, connectionId, dedupeKey),
      entityId,
    })),
  };
}

/** The headers of a request with this body, signed now: a repetition gets a signature of its own. */
export function signedHeaders(url: string, secret: string, body: Buffer): Record<string, string> {
  return { 'content-type': 'application/json', ...signatureHeaders(secret, url, body, Date.now()) };
}
