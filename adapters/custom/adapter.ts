import type { Adapter, BoundAdapter } from '#adapters/kit/adapter.ts';
import { customApi } from './api.ts';
import { compileDefinition } from './compile.ts';
import { credentials } from './credentials.ts';
import { METHODS, PROVIDER, SKIP_REASONS, TITLE } from './definition.ts';
import { buildSample } from './sample.ts';
import { type CustomSettings, settingsSchema } from './settings.ts';
import { makeVerify } from './verify.ts';
import type { Webhook } from './webhook.ts';

/** `webhook` takes the secrets too: some handshakes are answered with an HMAC. */
export interface CustomBound extends BoundAdapter {
  readonly webhook: Webhook;
}

export interface CustomAdapter extends Adapter<CustomSettings> {
  bind(settings: CustomSettings): CustomBound;
}

/** An adapter made of data: the connection's definition says how to verify and what to extract. */
export const customAdapter: CustomAdapter = {
  provider: PROVIDER,
  title: TITLE,
  eventTypes: ['*'],
  skipReasons: SKIP_REASONS,
  methods: METHODS,
  settingsSchema,
  api: customApi,
  credentials,
  samples: ['default'],
  bind(settings) {
    const compiled = compileDefinition(settings);
    return { verify: makeVerify(compiled), webhook: compiled.webhook };
  },
  sample(options) {
    const { definition, verifier } = compileDefinition(options.settings);
    return buildSample(definition, verifier, options);
  },
  sandbox: async () => (await import('./sandbox/sandbox.ts')).customSandbox,
};
