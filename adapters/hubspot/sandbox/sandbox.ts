import type {
  AccountOptions,
  Attempted,
  DeliveryPolicy,
  ProviderSandbox,
  SandboxAccount,
} from '#adapters/kit/sandbox/contract.ts';
import { startSandbox } from '#adapters/kit/sandbox/sandbox.ts';
import { decodeListedEscapes } from '#adapters/kit/verification/listed-escapes.ts';
import type { HubspotSettings } from '../settings.ts';
import { signatureHeaders } from '../sign.ts';
import { MAX_BATCH } from '../webhook.ts';
import { Account, SANDBOX_TYPES, type SandboxNotification } from './account.ts';
import { hubspotApi } from './api.ts';

const DAY_MS = 86_400_000;
const MAX_RETRIES = 10;
const DEFAULT_PORTAL_ID = 62515;

/**
 * How HubSpot delivers: at most 100 notifications in a request, ten requests at once, five seconds
 * for the answer, and ten retries within a day after random delays. Source: HubSpot developer
 * documentation, "Webhooks" and "Error handling". It does not promise to keep the grouping.
 */
const POLICY: DeliveryPolicy = {
  maxBatch: MAX_BATCH,
  maxConcurrentRequests: 10,
  timeoutMs: 5_000,
  // Ten delays of at most a tenth of the day each stay within it.
  retryDelayMs: (retry, random) =>
    retry > MAX_RETRIES ? undefined : (random.next() * DAY_MS) / MAX_RETRIES,
  regroups: true,
};

/** A HubSpot that lives on this machine and sends real webhooks. */
export const hubspotSandbox: ProviderSandbox<HubspotSettings> = {
  settings: {},
  start: (options) => startSandbox(makeAccount, options),
};

function makeAccount({
  targetUrl,
  settings,
  random,
  nowMs,
}: AccountOptions<HubspotSettings>): SandboxAccount<SandboxNotification> {
  const portalId = Number(settings.portal_id ?? DEFAULT_PORTAL_ID);
  const dealPipelines = settings.deal_pipelines ?? [];
  const account = new Account({ portalId, appId: 1160452, dealPipelines, random, nowMs });
  const uri = decodeListedEscapes(settings.target_url ?? targetUrl);
  return {
    changeTypes: SANDBOX_TYPES,
    policy: POLICY,
    change: (type) => account.change(type),
    records: () => account.records(),
    api: hubspotApi(portalId),
    request(changes, { secret, nowMs: statedMs }) {
      const body = Buffer.from(JSON.stringify(changes.map(spell)));
      return {
        method: 'POST',
        url: targetUrl,
        headers: {
          'content-type': 'application/json',
          ...signatureHeaders(secret, uri, body, statedMs),
        },
        body,
      };
    },
  };
}

function spell({ change, attempt }: Attempted<SandboxNotification>): SandboxNotification {
  return { ...change, attemptNumber: attempt };
}
