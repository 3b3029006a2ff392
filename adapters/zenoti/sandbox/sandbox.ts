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
import { keyOf } from '#adapters/kit/verification/secret-key.ts';
import { CENTER_NAME, envelope } from '../bodies.ts';
import { needsPathSecret, type ZenotiSettings } from '../settings.ts';
import { signatureScheme } from '../sign.ts';
import { Account, CHANGE_TYPES, PING, type SandboxChange } from './account.ts';
import { zenotiApi } from './api.ts';

const MAX_RETRIES = 5;
const FIRST_DELAY_MS = 30_000;
const LAST_DELAY_MS = 600_000;

const ORGANIZATION_ID = '33333333-3333-4333-8333-333333333333';
const CENTER_ID = '44444444-4444-4444-8444-444444444444';

/**
 * How Zenoti delivers: one event in a request, ten seconds for the answer, five retries whose delays
 * grow from 30 seconds to ten minutes, and no more after 20 failures in a row. Source: Zenoti
 * developer documentation, "Webhook failure handling". It does not say how many requests are under
 * way at once.
 */
export const POLICY: DeliveryPolicy = {
  maxBatch: 1,
  maxConcurrentRequests: 4,
  timeoutMs: 10_000,
  retryDelayMs,
  regroups: false,
  deactivateAfterFailures: 20,
};

/** A Zenoti that lives on this machine and sends real webhooks. */
export const zenotiSandbox: ProviderSandbox<ZenotiSettings> = {
  settings: { organization_id: ORGANIZATION_ID, center_ids: [CENTER_ID] },
  start: (options) => startSandbox(makeAccount, options),
};

/** 30 s, 63 s, 134 s, 284 s, 600 s. */
function retryDelayMs(retry: number): number | undefined {
  if (retry > MAX_RETRIES) return undefined;
  return FIRST_DELAY_MS * (LAST_DELAY_MS / FIRST_DELAY_MS) ** ((retry - 1) / (MAX_RETRIES - 1));
}

function makeAccount({
  targetUrl,
  settings,
  random,
  nowMs,
}: AccountOptions<ZenotiSettings>): SandboxAccount<SandboxChange> {
  const center = {
    organizationId: settings.organization_id ?? ORGANIZATION_ID,
    centerId: settings.center_ids?.[0] ?? CENTER_ID,
  };
  const account = new Account({ center, random, nowMs });
  return {
    changeTypes: CHANGE_TYPES,
    policy: POLICY,
    change: (type) => account.change(type),
    hugeChange: (count) => account.hugeChange(count),
    records: () => account.records(),
    api: zenotiApi([{ id: center.centerId, name: CENTER_NAME }]),
    request: ([first], signing) => requestOf(first, targetUrl, settings, signing),
  };
}

/** @throws RangeError without a change: a request tells of exactly one */
function requestOf(
  attempted: Attempted<SandboxChange> | undefined,
  targetUrl: string,
  settings: ZenotiSettings,
  { secret, nowMs }: Signing,
): OutgoingRequest {
  if (attempted === undefined) throw new RangeError('A request needs a change.');
  const { change } = attempted;
  const url = needsPathSecret(settings) ? withPathSecret(targetUrl, secret) : targetUrl;
  const headers = { 'content-type': 'application/json' };
  if (change.type === PING) return { method: 'POST', url, headers, body: Buffer.alloc(0) };
  const body = Buffer.from(bodyText(attempted));
  const draft = { method: change.method, url, headers, body, nowMs, sequence: 0 };
  if (!settings.require_signature) return { method: change.method, url, headers, body };
  const signed = signatureScheme(signable(settings, secret)).sign(draft, secret);
  return { method: signed.method, url, headers: signed.headers, body };
}

/** A retry is another call for the same event. */
function bodyText({ change, attempt }: Attempted<SandboxChange>): string {
  const { type, eventId, atMs, data, bare } = change;
  if (bare) return JSON.stringify(data);
  const callId = `${eventId.slice(0, 22)}${attempt.toString(16).padStart(2, '0')}`;
  return JSON.stringify(envelope({ callId, eventId, eventType: type, atMs }, data));
}

/** A forger's secret may not be of the encoding; it signs all the same. */
function signable(settings: ZenotiSettings, secret: string): ZenotiSettings {
  const key = keyOf({ encoding: settings.secret_encoding, prefix: '' }, secret);
  return key === undefined ? { ...settings, secret_encoding: 'utf8' } : settings;
}
