import type { Adapter } from '#adapters/kit/adapter.ts';
import { hubspotApi } from './api.ts';
import { credentials } from './credentials.ts';
import { EVENT_TYPES, PROVIDER, SKIP_REASONS, TITLE } from './definition.ts';
import { makeResolve } from './resolve.ts';
import { SAMPLE_NAMES, sample } from './sample.ts';
import { type HubspotSettings, settingsSchema } from './settings.ts';
import { makeVerify } from './verify.ts';
import { makeWebhook } from './webhook.ts';

/** HubSpot: signed batches of CRM notifications. Facts and mapping: docs/providers/hubspot.md. */
export const hubspotAdapter: Adapter<HubspotSettings> = {
  provider: PROVIDER,
  title: TITLE,
  eventTypes: EVENT_TYPES,
  skipReasons: SKIP_REASONS,
  settingsSchema,
  api: hubspotApi,
  credentials,
  bind: (settings) => ({
    verify: makeVerify(settings),
    webhook: makeWebhook(settings),
    resolve: makeResolve(settings),
  }),
  sample,
  samples: SAMPLE_NAMES,
  sandbox: async () => (await import('./sandbox/sandbox.ts')).hubspotSandbox,
};
