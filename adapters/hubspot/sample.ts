import type { SampleOptions, WebhookRequest } from '#adapters/kit/adapter.ts';
import { decodeListedEscapes } from '#adapters/kit/verification/listed-escapes.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import type { HubspotSettings } from './settings.ts';
import { signatureHeaders } from './sign.ts';

/** The part of each sample that is its own; ids and times are added. */
const SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'deal.won': {
    subscriptionType: 'deal.propertyChange',
    propertyName: 'dealstage',
    propertyValue: 'closedwon',
    changeSource: 'CRM_UI',
    sourceId: 'userId:123',
  },
  'contact.created': {
    subscriptionType: 'contact.creation',
    changeFlag: 'NEW',
    changeSource: 'CRM',
  },
  'deal.updated': {
    subscriptionType: 'deal.propertyChange',
    propertyName: 'amount',
    propertyValue: '1500.10',
    changeSource: 'CRM_UI',
    sourceId: 'userId:123',
  },
  'company.deleted': {
    subscriptionType: 'company.deletion',
    changeFlag: 'DELETED',
    changeSource: 'CRM_UI',
    sourceId: 'userId:123',
  },
};

/** The first is the default. */
export const SAMPLE_NAMES: readonly string[] = Object.keys(SAMPLES);

const DEFAULT_PORTAL_ID = 62515;

/**
 * A signed request with one notification, as HubSpot would send it.
 *
 * @throws InvalidRequest when there is no sample of that name
 */
export function sample(options: SampleOptions<HubspotSettings>): WebhookRequest {
  const own = Object.hasOwn(SAMPLES, options.name) ? SAMPLES[options.name] : undefined;
  if (own === undefined) {
    throw new InvalidRequest(`There is no such sample. Use one of: ${SAMPLE_NAMES.join(', ')}.`);
  }
  const { settings, sequence, nowMs, secret, url } = options;
  const notification = {
    eventId: 3_000_000_000 + sequence,
    subscriptionId: 22,
    portalId: idValue(settings.portal_id ?? DEFAULT_PORTAL_ID),
    appId: 1160452,
    occurredAt: nowMs,
    attemptNumber: 0,
    objectId: 9_000_000_000 + sequence,
    ...own,
  };
  const body = Buffer.from(JSON.stringify([notification]));
  const uri = decodeListedEscapes(settings.target_url ?? url);
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      ...signatureHeaders(secret, uri, body, nowMs),
    },
    body,
    receivedAtMs: nowMs,
  };
}

/** As a number, like HubSpot's; an id past what a double holds stays text rather than be rounded. */
function idValue(id: string | number): string | number {
  return Number.isSafeInteger(Number(id)) ? Number(id) : id;
}
