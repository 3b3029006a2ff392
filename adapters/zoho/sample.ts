import type { SampleOptions, WebhookRequest } from '#adapters/kit/adapter.ts';
import { parseInstant } from '#adapters/kit/instant.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import type { ZohoSettings } from './settings.ts';
import { outcomeOf } from './stages.ts';

/** The part of each sample that is its own. Values are JSON text, for a double loses a last zero. */
interface Sample {
  readonly module: string;
  readonly operation: string;
  readonly values: (settings: ZohoSettings) => Readonly<Record<string, string>>;
}

const MODIFIED_BY = '{"name":"Ana Horvat","id":"5725767000000411001"}';

const SAMPLES: Readonly<Record<string, Sample>> = {
  'deal.won': {
    module: 'Deals',
    operation: 'update',
    values: (settings) => ({
      Stage: JSON.stringify(wonStage(settings)),
      Amount: '120000.10',
      Modified_By: MODIFIED_BY,
    }),
  },
  'contact.created': {
    module: 'Contacts',
    operation: 'insert',
    values: () => ({
      First_Name: '"Zoë"',
      Last_Name: '"Kovač"',
      Email: '"zoe.kovac@example.com"',
      Modified_By: MODIFIED_BY,
    }),
  },
  'deal.updated': {
    module: 'Deals',
    operation: 'update',
    values: () => ({ Amount: '12.50', Modified_By: MODIFIED_BY }),
  },
  'account.deleted': {
    module: 'Accounts',
    operation: 'delete',
    values: () => ({ Record_Status__s: '"Trash"', Modified_By: MODIFIED_BY }),
  },
};

/** The first is the default. */
export const SAMPLE_NAMES: readonly string[] = Object.keys(SAMPLES);

const DEFAULT_CHANNEL_ID = '1105420521999070702';
const FIRST_ID = 5_725_767_000_003_000_001n;

/**
 * A notification of one record, with the token of its channel, as Zoho would send it.
 *
 * @throws InvalidRequest when there is no sample of that name
 */
export function sample(options: SampleOptions<ZohoSettings>): WebhookRequest {
  const own = Object.hasOwn(SAMPLES, options.name) ? SAMPLES[options.name] : undefined;
  if (own === undefined) {
    throw new InvalidRequest(`There is no such sample. Use one of: ${SAMPLE_NAMES.join(', ')}.`);
  }
  const { settings, sequence, nowMs, secret, url } = options;
  const { module, operation } = own;
  const id = String(FIRST_ID + BigInt(sequence));
  const values = own.values(settings);
  const names = operation === 'insert' ? [] : Object.keys(values);
  const body = objectText({
    server_time: String(nowMs),
    affected_values: `[{"record_id":"${id}","values":${objectText(values)}}]`,
    query_params: '{}',
    module: JSON.stringify(module),
    resource_uri: JSON.stringify(`https://www.zohoapis.com/crm/v2/${module}`),
    ids: JSON.stringify([id]),
    affected_fields: JSON.stringify(names.length === 0 ? [] : [{ [id]: names }]),
    operation: JSON.stringify(operation),
    channel_id: JSON.stringify(liveChannel(settings, nowMs)),
    token: JSON.stringify(secret),
  });
  return {
    method: 'POST',
    url: withPathSecret(url, secret),
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
    receivedAtMs: nowMs,
  };
}

/** A JSON object of members whose values are JSON text already. */
function objectText(members: Readonly<Record<string, string>>): string {
  const parts = Object.entries(members).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{${parts.join(',')}}`;
}

/** The first stage that is won; Zoho's own name for it where the settings hold none. */
function wonStage({ deal_stages }: ZohoSettings): string {
  return deal_stages.find((stage) => outcomeOf(stage) === 'won')?.actual_value ?? 'Closed Won';
}

/** The first channel that has not expired, as far as the settings tell. */
function liveChannel({ channels }: ZohoSettings, nowMs: number): string {
  const live = channels.find(({ expires_at }) => {
    const expiresAtMs = parseInstant(expires_at ?? '', 'iso8601');
    return expiresAtMs === undefined || expiresAtMs >= nowMs;
  });
  return (live ?? channels[0])?.channel_id ?? DEFAULT_CHANNEL_ID;
}
