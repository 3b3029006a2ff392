import { z } from 'zod';
import { apiUrl } from '#adapters/kit/api-url.ts';
import { FIELDS } from '#adapters/kit/field-meta.ts';
import { dealPipelinesSchema } from './deal-stages.ts';

/** What a HubSpot connection can be set to. Nothing is required. */
export const settingsSchema = z.strictObject({
  target_url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional()
    .describe(
      'The target URL exactly as configured at HubSpot, when a proxy rewrites scheme, host or path: v3 and v2 sign it. Without it, the address of this connection.',
    )
    .register(FIELDS, {
      label: 'Target URL',
      group: 'webhook',
      placeholder: 'https://hooks.example.com/hubspot',
    }),
  allow_signature_versions: z
    .array(z.enum(['v3', 'v2', 'v1']))
    .refine((versions) => versions.includes('v3'), {
      message: 'v3 must be in the list: where HubSpot sends a v3 signature, it decides.',
    })
    .default(['v3'])
    .describe(
      'Signature versions that are accepted. Add v1 or v2 for an app that sends no v3: they have no timestamp, so they do not stop replays, and they count only where no v3 header is present. v3 cannot be left out.',
    )
    .register(FIELDS, { label: 'Signature versions', group: 'webhook' }),
  portal_id: z
    .union([z.string().regex(/^[1-9]\d{0,18}$/), z.int().positive()])
    .optional()
    .describe(
      'HubSpot account (Hub ID). Notifications of other accounts are skipped. Without it, those of any account are taken.',
    )
    .register(FIELDS, { label: 'Hub ID', group: 'account', placeholder: '12345678' }),
  future_skew_seconds: z
    .int()
    .min(0)
    .max(300)
    .default(60)
    .describe('How far a v3 timestamp may lie in the future, in seconds.')
    .register(FIELDS, { label: 'Clock tolerance (seconds)', group: 'advanced' }),
  deal_pipelines: dealPipelinesSchema
    .optional()
    .describe(
      'The deal pipelines of the account: the array "results" of GET /crm/pipelines/2026-03/deals, as it is; members that are not needed are dropped. With it, deal.won and deal.lost are made for stages of every pipeline, and only when a deal moves there from a stage of another outcome.',
    )
    .register(FIELDS, { label: 'Deal pipelines', group: 'mapping', widget: 'json' }),
  // The secret of the installation's app is sent there, so it must be HubSpot.
  api_base_url: apiUrl(['hubapi.com'])
    .default('https://api.hubapi.com')
    .describe("Where HubSpot's API is called: hubapi.com or a host below it, or loopback.")
    .register(FIELDS, { label: 'API address', group: 'advanced', called: true }),
});

export type HubspotSettings = z.infer<typeof settingsSchema>;
