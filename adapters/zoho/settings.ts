import { z } from 'zod';
import { FIELDS } from '#adapters/kit/field-meta.ts';
import { parseInstant } from '#adapters/kit/instant.ts';

/** Headers every client sends: the presence of one would say nothing of the sender. */
const COMMON_HEADERS = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'pragma',
  'transfer-encoding',
  'user-agent',
]);

/** How a stage counts. Source: Zoho CRM API v8, "Get Pipelines" and "Get Fields Metadata". */
const category = z.enum(['Open', 'Closed Won', 'Closed Lost']).nullish();

const dealStage = z.object({
  display_value: z.string().max(255).describe('The name people see.'),
  actual_value: z.string().max(255).describe('The name the stage was made with.'),
  deal_category: category.describe('How the stage counts, in the pick list of the field Stage.'),
  forecast_type: category.describe('How the stage counts, in the maps of a pipeline.'),
});

/** Modules that are mapped, by their API name. */
export const WATCHED_MODULES = ['Contacts', 'Accounts', 'Deals'] as const;

/** Source: Zoho CRM API v8, "Multi-DC"; sa and uk are known from other clients alone. */
export const DATA_CENTERS = ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'cn', 'uk'] as const;
export type DataCenter = (typeof DATA_CENTERS)[number];

const channel = z.strictObject({
  channel_id: z
    .string()
    .regex(/^\d{1,25}$/)
    .describe('The channel_id of the watch request, as text: it is longer than a number can be.')
    .register(FIELDS, { label: 'Channel ID', placeholder: '1105420521999070702' }),
  expires_at: z
    .string()
    .max(40)
    .refine((text) => parseInstant(text, 'iso8601') !== undefined, {
      message: 'Write an instant with its offset, such as 2026-01-21T10:00:00+00:00.',
    })
    .optional()
    .describe(
      'The channel_expiry that Zoho returned, an instant with its offset. Notifications received later are refused.',
    )
    .register(FIELDS, { label: 'Expires at', placeholder: '2026-01-21T10:00:00+00:00' }),
});

/** What a Zoho CRM connection can be set to. Nothing is required. */
export const settingsSchema = z.strictObject({
  require_path_secret: z
    .boolean()
    .default(true)
    .describe(
      'Requires the secret segment at the end of the webhook URL, before anything of a body is parsed. Without it, notifications past 64 KiB are refused.',
    )
    .register(FIELDS, { label: 'Require the secret in the URL', group: 'webhook' }),
  workflow_token_header: z
    .string()
    .toLowerCase()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
    .refine((name) => !COMMON_HEADERS.has(name), {
      message: 'Every request has this header. Take one of your own, such as x-tributary-token.',
    })
    .default('x-tributary-token')
    .describe(
      'The header in which workflow webhooks state the secret. Where it is present, it alone decides. Headers that every client sends, such as content-type, cannot be chosen.',
    )
    .register(FIELDS, { label: 'Token header of workflows', group: 'webhook' }),
  channels: z
    .array(channel)
    .max(100)
    .refine((all) => new Set(all.map(({ channel_id }) => channel_id)).size === all.length, {
      message: 'Each channel_id may be listed once.',
    })
    .default([])
    .describe(
      'Watch channels that somebody else keeps for this connection. When any is listed, notifications of other channels are refused, and none is opened by itself.',
    )
    .register(FIELDS, { label: 'Watch channels', group: 'webhook' }),
  watch_modules: z
    .array(z.enum(WATCHED_MODULES))
    .max(WATCHED_MODULES.length)
    .refine((all) => new Set(all).size === all.length, {
      message: 'Each module may be listed once.',
    })
    .default([...WATCHED_MODULES])
    .describe(
      'Modules for which a watch channel is opened, renewed and closed by itself, once the connection has credentials and where no channels are listed. Leave out those that workflow webhooks tell of; an empty list opens none.',
    )
    .register(FIELDS, { label: 'Watched modules', group: 'webhook' }),
  deal_stages: z
    .array(dealStage)
    .max(500)
    .default([])
    .describe(
      'The stages of deals as Zoho describes them: pick_list_values of GET settings/fields?module=Deals, or maps of GET settings/pipeline. Other members are ignored. Needed for deal.won and deal.lost.',
    )
    .register(FIELDS, { label: 'Deal stages', group: 'mapping', widget: 'json' }),
  data_center: z
    .enum(DATA_CENTERS)
    .default('us')
    .describe('Where Zoho keeps the account, which the address shows that people sign in at.')
    .register(FIELDS, {
      label: 'Data center',
      group: 'account',
      titles: {
        us: 'United States (zoho.com)',
        eu: 'Europe (zoho.eu)',
        in: 'India (zoho.in)',
        au: 'Australia (zoho.com.au)',
        jp: 'Japan (zoho.jp)',
        ca: 'Canada (zohocloud.ca)',
        sa: 'Saudi Arabia (zoho.sa)',
        cn: 'China (zoho.com.cn)',
        uk: 'United Kingdom (zoho.uk)',
      } satisfies Record<DataCenter, string>,
    }),
});

export type ZohoSettings = z.infer<typeof settingsSchema>;
