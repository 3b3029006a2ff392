import type {
  AccountOptions,
  Attempted,
  DeliveryPolicy,
  OutgoingRequest,
  ProviderSandbox,
  SandboxAccount,
  Signing,
} from '#adapters/kit/sandbox/contract.ts';
import { startSandbox } from '#adapters/kit/sandbox/sandbox.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { KEY_PREFIXES, makeId } from '../make-id.ts';
import type { SalesforceSettings } from '../settings.ts';
import { calloutScheme } from '../verify.ts';
import { writeJson } from '../write-json.ts';
import { writeOutboundMessage } from '../write-message.ts';
import {
  Account,
  OBJECTS,
  type OutboundChange,
  SANDBOX_TYPES,
  type SandboxChange,
} from './account.ts';
import { salesforceApi } from './api.ts';
import { STAGES } from './book.ts';

const FIRST_DELAY_MS = 30_000;
const LONGEST_DELAY_MS = 7_200_000;
const LIFETIME_MS = 86_400_000;

/**
 * How Salesforce delivers outbound messages: sixty seconds for the answer, again after delays that
 * double up to two hours, dropped after a day. Source: SOAP API Developer Guide, "Understanding
 * Notifications"; the first delays are those others have seen. It documents no concurrency.
 *
 * Signed callouts have ten seconds and are not sent again by Salesforce. Here they share the rules of
 * messages, like those of a sender that keeps what failed and tries again.
 */
const POLICY: DeliveryPolicy = {
  maxBatch: 1,
  maxConcurrentRequests: 5,
  timeoutMs: 60_000,
  retryDelayMs: (retry) => {
    let waitedMs = 0;
    for (let earlier = 1; earlier < retry; earlier += 1) waitedMs += delayMs(earlier);
    return waitedMs + delayMs(retry) > LIFETIME_MS ? undefined : delayMs(retry);
  },
  regroups: false,
};

function delayMs(retry: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (retry - 1), LONGEST_DELAY_MS);
}

/** A Salesforce that lives on this machine and sends real messages and callouts. */
export const salesforceSandbox: ProviderSandbox<SalesforceSettings> = {
  settings: { organization_id: '00D5g000004ABCDEA4', opportunity_stages: STAGES },
  start: (options) => startSandbox(makeAccount, options),
};

function makeAccount({
  targetUrl,
  settings,
  random,
  nowMs,
}: AccountOptions<SalesforceSettings>): SandboxAccount<SandboxChange> {
  const account = new Account({ random, nowMs });
  const scheme = calloutScheme(settings);
  return {
    changeTypes: SANDBOX_TYPES,
    policy: POLICY,
    change: (type) => account.change(type),
    hugeChange: (count) => account.hugeChange(count),
    records: () => account.records(),
    api: salesforceApi(settings.organization_id),
    acknowledges,
    request(changes, signing) {
      const change = onlyOne(changes);
      if (change.way === 'outbound') return message(change, signing);
      if (change.way === 'cdc') return callout(change.event, signing);
      const { organization_id } = settings;
      return callout({ organization_id, events: [change.event] }, signing);
    },
  };

  function message({ object, notifications }: OutboundChange, { secret }: Signing) {
    return {
      method: 'POST',
      url: withPathSecret(targetUrl, secret),
      headers: { 'content-type': 'text/xml; charset=UTF-8', soapaction: '""' },
      body: writeOutboundMessage({
        organizationId: settings.organization_id,
        actionId: makeId(KEY_PREFIXES.Action, OBJECTS.indexOf(object) + 1),
        object,
        notifications,
      }),
    };
  }

  function callout(value: unknown, { secret, nowMs: statedMs }: Signing): OutgoingRequest {
    const headers = { 'content-type': 'application/json' };
    const body = writeJson(value);
    const draft = { method: 'POST', url: targetUrl, headers, body, nowMs: statedMs, sequence: 0 };
    const signed = scheme.sign(draft, secret);
    return { method: 'POST', url: targetUrl, headers: signed.headers, body };
  }
}

/** The policy says one change a request. */
function onlyOne(changes: readonly Attempted<SandboxChange>[]): SandboxChange {
  const [first, ...others] = changes;
  if (first === undefined || others.length > 0) throw new RangeError('There must be one change.');
  return first.change;
}

const ACKNOWLEDGEMENT = /<(?:\w+:)?Ack>true<\/(?:\w+:)?Ack>/;

/** A message needs its Ack, whatever the status says; a callout is content with any 2xx. */
function acknowledges(status: number, body: string, request: OutgoingRequest): boolean {
  return request.headers.soapaction === undefined
    ? status >= 200 && status < 300
    : status === 200 && ACKNOWLEDGEMENT.test(body);
}
