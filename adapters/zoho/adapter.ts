import type { Adapter } from '#adapters/kit/adapter.ts';
import { zohoApi } from './api.ts';
import { makeReadJson } from './body.ts';
import { credentials } from './credentials.ts';
import { EVENT_TYPES, MAX_TOKEN_LENGTH, PROVIDER, SKIP_REASONS, TITLE } from './definition.ts';
import { makeResolve } from './resolve.ts';
import { SAMPLE_NAMES, sample } from './sample.ts';
import { settingsSchema, type ZohoSettings } from './settings.ts';
import { makeVerify } from './verify.ts';
import { makeWebhook } from './webhook.ts';

const TOKEN = /^[\x21-\x7e]+$/;

/** Zoho CRM: notifications of watch channels, and workflow webhooks. Facts: docs/providers/zoho.md. */
export const zohoAdapter: Adapter<ZohoSettings> = {
  provider: PROVIDER,
  title: TITLE,
  eventTypes: EVENT_TYPES,
  skipReasons: SKIP_REASONS,
  methods: ['POST'],
  secretPath: true,
  secretMadeBy: 'tributary',
  secretFault,
  settingsSchema,
  api: zohoApi,
  credentials,
  bind(settings) {
    const readJson = makeReadJson();
    return {
      verify: makeVerify(settings, readJson),
      webhook: makeWebhook(settings, readJson),
      resolve: makeResolve(settings),
    };
  },
  sample,
  samples: SAMPLE_NAMES,
  sandbox: async () => (await import('./sandbox/sandbox.ts')).zohoSandbox,
};

/** The secret is the token of the channel, and stands in a header of workflow webhooks. */
function secretFault(secret: string): string | undefined {
  if (secret.length <= MAX_TOKEN_LENGTH && TOKEN.test(secret)) return undefined;
  return `The secret is the token of the watch channel: 1 to ${MAX_TOKEN_LENGTH} printable ASCII characters without spaces.`;
}
