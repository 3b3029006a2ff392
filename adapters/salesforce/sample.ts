import type { SampleOptions, WebhookRequest } from '#adapters/kit/adapter.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { KEY_PREFIXES, makeId } from './make-id.ts';
import type { SalesforceSettings } from './settings.ts';
import { calloutScheme } from './verify.ts';
import { writeJson } from './write-json.ts';
import { type NotificationParts, writeOutboundMessage } from './write-message.ts';

type Options = SampleOptions<SalesforceSettings>;

const DAY_MS = 86_400_000;

const SAMPLES: Readonly<Record<string, (options: Options) => WebhookRequest>> = {
  'opportunity.won': (options) =>
    outboundMessage(options, 'Opportunity', {
      Id: makeId(KEY_PREFIXES.Opportunity, options.sequence),
      AccountId: makeId(KEY_PREFIXES.Account, 1),
      Amount: '120000.0',
      CloseDate: isoTime(options.nowMs).slice(0, 10),
      CreatedDate: isoTime(options.nowMs - 30 * DAY_MS),
      IsClosed: true,
      IsDeleted: false,
      IsWon: true,
      LastModifiedById: makeId(KEY_PREFIXES.User, 1),
      LastModifiedDate: isoTime(options.nowMs),
      Name: 'Acme – renewal & more',
      StageName: 'Closed Won',
      SystemModstamp: isoTime(options.nowMs),
    }),
  'account.created': (options) =>
    outboundMessage(options, 'Account', {
      Id: makeId(KEY_PREFIXES.Account, options.sequence),
      AnnualRevenue: '9.9213206E7',
      CreatedDate: isoTime(options.nowMs),
      IsDeleted: false,
      LastModifiedById: makeId(KEY_PREFIXES.User, 1),
      LastModifiedDate: isoTime(options.nowMs),
      Name: 'Łódź Tools',
      SystemModstamp: isoTime(options.nowMs),
    }),
  'opportunity.updated': (options) =>
    callout(options, {
      schema: 'sample',
      payload: {
        ChangeEventHeader: {
          entityName: 'Opportunity',
          recordIds: [makeId(KEY_PREFIXES.Opportunity, options.sequence)],
          changeType: 'UPDATE',
          changeOrigin: 'com/salesforce/api/rest/66.0',
          transactionKey: `0000sample-${options.sequence}`,
          sequenceNumber: 1,
          commitTimestamp: options.nowMs,
          commitUser: makeId(KEY_PREFIXES.User, 1),
          commitNumber: options.nowMs,
          nulledFields: ['NextStep'],
          diffFields: [],
          changedFields: ['Amount', 'NextStep', 'LastModifiedDate'],
        },
        Amount: '1250.50',
        LastModifiedDate: isoTime(options.nowMs),
      },
      event: { replayId: options.sequence },
    }),
  'contact.deleted': (options) =>
    callout(options, {
      organization_id: options.settings.organization_id,
      events: [
        {
          id: `sample-${options.sequence}`,
          operation: 'delete',
          object: 'Contact',
          record: { Id: makeId(KEY_PREFIXES.Contact, options.sequence) },
          occurred_at: isoTime(options.nowMs),
          actor: makeId(KEY_PREFIXES.User, 1),
        },
      ],
    }),
};

/** The first is the default. */
export const SAMPLE_NAMES: readonly string[] = Object.keys(SAMPLES);

/**
 * A request as Salesforce would send it: an outbound message, or a signed callout.
 *
 * @throws InvalidRequest when there is no sample of that name
 */
export function sample(options: Options): WebhookRequest {
  const make = Object.hasOwn(SAMPLES, options.name) ? SAMPLES[options.name] : undefined;
  if (make !== undefined) return make(options);
  throw new InvalidRequest(`There is no such sample. Use one of: ${SAMPLE_NAMES.join(', ')}.`);
}

function outboundMessage(
  { settings, secret, url, nowMs, sequence }: Options,
  object: string,
  record: NotificationParts['record'],
): WebhookRequest {
  return {
    method: 'POST',
    url: withPathSecret(url, secret),
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' },
    body: writeOutboundMessage({
      organizationId: settings.organization_id,
      actionId: makeId(KEY_PREFIXES.Action, 1),
      object,
      notifications: [{ id: makeId(KEY_PREFIXES.Notification, sequence), record }],
    }),
    receivedAtMs: nowMs,
  };
}

function callout({ settings, secret, url, nowMs, sequence }: Options, body: unknown) {
  const headers = { 'content-type': 'application/json' };
  const draft = { method: 'POST', url, headers, body: writeJson(body), nowMs, sequence };
  const signed = calloutScheme(settings).sign(draft, secret);
  return {
    method: signed.method,
    url: signed.url,
    headers: signed.headers,
    body: signed.body,
    receivedAtMs: nowMs,
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
