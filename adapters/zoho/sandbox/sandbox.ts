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
import { zohoApi } from './api.ts';
import { CHANGE_TYPES, type ChangedRecord, type ZohoChange } from './change-types.ts';
import { type Channel, Channels } from './channels.ts';
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

/** A change, and the channel that is told of it, where channels were opened by API. */
interface HeardChange extends ZohoChange {
  readonly channel?: Channel | undefined;
}

/**
 * A Zoho CRM that lives on this machine and sends real notifications and workflow webhooks. Once a watch
 * channel was opened through its API, notifications go to open channels alone, with their tokens.
 */
export const zohoSandbox: ProviderSandbox<ZohoSettings> = {
  settings: { channels: [{ channel_id: CHANNEL_ID }], deal_stages: STAGES },
  start: async (options) =>
    startSandbox((account) => makeAccount(account, options.secret), options),
};

function makeAccount(
  { targetUrl, settings, random, nowMs }: AccountOptions<ZohoSettings>,
  ownSecret: string,
): SandboxAccount<HeardChange> {
  const account = new Account({ stages: stagesOf(settings), random, nowMs });
  const channels = new Channels(nowMs);
  const heard = (change: ZohoChange): HeardChange => ({
    ...change,
    channel: change.way === 'notification' ? channels.hearing(change) : undefined,
  });
  const channelId = settings.channels[0]?.channel_id ?? CHANNEL_ID;
  return {
    changeTypes: [...CHANGE_TYPES.keys()],
    policy: POLICY,
    change: (type) => heard(account.change(type)),
    hugeChange: (count) => heard(account.massUpdate(count)),
    isHeard: ({ way, channel }) => way === 'workflow' || !channels.used || channel !== undefined,
    records: () => account.records(),
    api: zohoApi(channels),
    request([first], { secret }) {
      if (first === undefined) throw new RangeError('A request needs a change.');
      const { change } = first;
      // A forger has neither the address nor the token of a channel.
      if (change.channel && secret === ownSecret) return toChannel(change, change.channel);
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

function toChannel(change: ZohoChange, { id, notifyUrl, token, statesValues }: Channel) {
  const records = statesValues ? change.records : change.records.map(withoutValues);
  return {
    method: 'POST',
    url: notifyUrl,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(notificationText({ ...change, records }, id, token)),
  };
}

function withoutValues({ id }: ChangedRecord): ChangedRecord {
  return { id, values: null };
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
