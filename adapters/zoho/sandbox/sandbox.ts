import type {
  AccountOptions,
  DeliveryPolicy,
  ProviderSandbox,
  SandboxAccount,
} from '#adapters/kit/sandbox/contract.ts';
import { startSandbox } from '#adapters/kit/sandbox/sandbox.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import type { ZohoSettings } from '../settings.ts';
import { outcomeOf } from '../stages.ts';
import { Account } from './account.ts';
import { CHANGE_TYPES, type ZohoChange } from './change-types.ts';
import { notificationText, workflowText } from './spell.ts';
import type { AccountStage } from './values.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const RETRY_DELAYS_MS: readonly number[] = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS];

/**
 * How Zoho delivers is not documented: neither its patience nor whether it retries. These are
 * assumptions on the careful side: ten seconds for the answer, and three retries. A notification is
 * one change of one module, however many records it names, and nothing is ever deactivated; a
 * channel just expires. Source of the latter: Zoho CRM API v8, "Enable Notifications".
 */
const POLICY: DeliveryPolicy = {
  maxBatch: 1,
  maxConcurrentRequests: 5,
  timeoutMs: 10 * SECOND_MS,
  retryDelayMs: (retry) => RETRY_DELAYS_MS[retry - 1],
  regroups: false,
};

const CHANNEL_ID = '1105420521999070702';

/** Stages in the shape of the pick list of the field Stage. One was renamed: its names differ. */
const STAGES = [
  stage('Qualification', 'Qualification', 'Open'),
  stage('Offer sent', 'Proposal/Price Quote', 'Open'),
  stage('Negotiation/Review', 'Negotiation/Review', 'Open'),
  stage('Signed', 'Closed Won', 'Closed Won'),
  stage('Closed Lost', 'Closed Lost', 'Closed Lost'),
  stage('Lost to competition', 'Closed-Lost to Competition', 'Closed Lost'),
] as const;

/** A Zoho CRM that lives on this machine and sends real notifications and workflow webhooks. */
export const zohoSandbox: ProviderSandbox<ZohoSettings> = {
  settings: { channels: [{ channel_id: CHANNEL_ID }], deal_stages: STAGES },
  start: (options) => startSandbox(makeAccount, options),
};

function makeAccount({
  targetUrl,
  settings,
  random,
  nowMs,
}: AccountOptions<ZohoSettings>): SandboxAccount<ZohoChange> {
  const account = new Account({ stages: stagesOf(settings), random, nowMs });
  const channelId = settings.channels[0]?.channel_id ?? CHANNEL_ID;
  return {
    changeTypes: [...CHANGE_TYPES.keys()],
    policy: POLICY,
    change: (type) => account.change(type),
    hugeChange: (count) => account.massUpdate(count),
    records: () => account.records(),
    request([first], { secret }) {
      if (first === undefined) throw new RangeError('A request needs a change.');
      const { change } = first;
      const isWorkflow = change.way === 'workflow';
      const text = isWorkflow ? workflowText(change) : notificationText(change, channelId, secret);
      return {
        method: 'POST',
        url: withPathSecret(targetUrl, secret),
        headers: {
          'content-type': 'application/json',
          ...(isWorkflow && { [settings.workflow_token_header]: secret }),
        },
        body: Buffer.from(text),
      };
    },
  };
}

/** The stages of the connection, where deals can come to every end by them. */
function stagesOf({ deal_stages }: ZohoSettings): readonly AccountStage[] {
  const named = (all: ZohoSettings['deal_stages']) =>
    all.flatMap((one) => {
      const outcome = outcomeOf(one);
      return outcome === undefined ? [] : [{ ...one, outcome }];
    });
  const own = named(deal_stages);
  const complete = (['open', 'won', 'lost'] as const).every((outcome) =>
    own.some((one) => one.outcome === outcome),
  );
  return complete ? own : named([...STAGES]);
}

function stage(
  display_value: string,
  actual_value: string,
  deal_category: 'Open' | 'Closed Won' | 'Closed Lost',
) {
  return { display_value, actual_value, deal_category };
}
