import { z } from 'zod';
import { apiUrl } from '#adapters/kit/api-url.ts';
import { dealPipelinesSchema } from './deal-stages.ts';

/** What a HubSpot connection can be set to. Nothing is required. */
export const settingsSchema = z.strictObject({
  target_url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional()
    .describe(
      'The target URL exactly as configured at HubSpot, when it differs from the address of this connection, for example behind a proxy that rewrites paths.',
    ),
  allow_signature_versions: z
    .array(z.enum(['v3', 'v2', 'v1']))
    .refine((versions) => versions.includes('v3'), {
      message: 'v3 must be in the list: where HubSpot sends a v3 signature, it decides.',
    })
    .default(['v3'])
    .describe(
      'Signature versions that are accepted. v1 and v2 have no timestamp, so they do not stop replays; they count only where no v3 header is present.',
    ),
  portal_id: z
    .union([z.string().regex(/^[1-9]\d{0,18}$/), z.int().positive()])
    .optional()
    .describe('HubSpot account (Hub ID). Notifications of other accounts are skipped.'),
  future_skew_seconds: z
    .int()
    .min(0)
    .max(300)
    .default(60)
    .describe('How far a v3 timestamp may lie in the future, in seconds.'),
  deal_pipelines: dealPipelinesSchema
    .optional()
    .describe(
      'The deal pipelines of the account: the array "results" of GET /crm/pipelines/2026-03/deals. With it, deal.won and deal.lost are made for stages of every pipeline, and only when a deal moves there from a stage of another outcome.',
    ),
  // The secret of the installation's app is sent there, so it must be HubSpot.
  api_base_url: apiUrl(['hubapi.com'])
    .default('https://api.hubapi.com')
    .describe("Where HubSpot's API is called."),
});

export type HubspotSettings = z.infer<typeof settingsSchema>;
