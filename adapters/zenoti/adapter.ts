import type { Adapter } from '#adapters/kit/adapter.ts';
import { keyOf } from '#adapters/kit/verification/secret-key.ts';
import { zenotiApi } from './api.ts';
import { credentials } from './credentials.ts';
import { EVENT_TYPES, POLLED_EVENT_TYPES, PROVIDER, SKIP_REASONS, TITLE } from './definition.ts';
import { resolve } from './resolve.ts';
import { SAMPLE_NAMES, sample } from './sample.ts';
import { settingsSchema, type ZenotiSettings } from './settings.ts';
import { makeVerify } from './verify.ts';
import { makeWebhook } from './webhook.ts';

/** Zenoti: one event per request, signed over its body. Facts and mapping: docs/providers/zenoti.md. */
export const zenotiAdapter: Adapter<ZenotiSettings> = {
  provider: PROVIDER,
  title: TITLE,
  eventTypes: EVENT_TYPES,
  polledEventTypes: POLLED_EVENT_TYPES,
  skipReasons: SKIP_REASONS,
  // The verb is chosen for each webhook at Zenoti ("Use Zenoti Webhooks").
  methods: ['POST', 'PUT', 'PATCH'],
  secretPath: true,
  secretMadeBy: 'provider',
  secretFault: (secret, { secret_encoding: encoding }) =>
    keyOf({ encoding, prefix: '' }, secret) === undefined
      ? `The secret is not ${encoding}, which secret_encoding says it is.`
      : undefined,
  settingsSchema,
  api: zenotiApi,
  credentials,
  bind: (settings) => ({
    verify: makeVerify(settings),
    webhook: makeWebhook(settings),
    resolve,
  }),
  sample,
  samples: SAMPLE_NAMES,
  sandbox: async () => (await import('./sandbox/sandbox.ts')).zenotiSandbox,
};
