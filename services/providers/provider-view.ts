import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { fieldsOf } from '#adapters/kit/fields.ts';
import { CREDENTIAL_KINDS } from '#adapters/kit/provider-api.ts';
import { settingsJsonSchema } from '#adapters/kit/settings-json-schema.ts';
import { fieldSchema } from './field-schema.ts';

const formSchema = z.object({
  fields: z.array(fieldSchema).readonly(),
  schema: z.record(z.string(), z.unknown()).describe('The same as JSON Schema 2020-12.'),
});

const provider = z.object({
  provider: z.string(),
  title: z.string(),
  event_types: z.array(z.string()).readonly().describe('* means any.'),
  polled_event_types: z
    .array(z.string())
    .readonly()
    .describe('Those of them that only polling can make.'),
  secret_made_by: z
    .enum(['provider', 'tributary'])
    .describe('Who makes the signing secret. One of tributary is made when none is given.'),
  credential_kinds: z.array(z.enum(CREDENTIAL_KINDS)).readonly(),
  samples: z.array(z.string()).readonly().describe('Sample webhooks there are.'),
  docs: z.string().describe('Path of the guide in the repository.'),
});

export const providerSchema = provider.meta({ id: 'Provider' });

export const providerDetailSchema = provider
  .extend({
    settings: formSchema,
    credentials: z
      .array(formSchema.extend({ kind: z.enum(CREDENTIAL_KINDS) }))
      .readonly()
      .describe(
        'What each kind of credential asks for. A field that has the name of a setting is that setting.',
      ),
  })
  .meta({ id: 'ProviderDetail' });

export type ProviderDetail = z.infer<typeof providerDetailSchema>;

/** A provider as the list shows it. */
export function providerView(adapter: Adapter): z.infer<typeof providerSchema> {
  return {
    provider: adapter.provider,
    title: adapter.title,
    event_types: adapter.eventTypes,
    polled_event_types: adapter.polledEventTypes ?? [],
    secret_made_by: adapter.secretMadeBy ?? 'provider',
    credential_kinds: kindsOf(adapter),
    samples: adapter.samples,
    docs: `docs/providers/${adapter.provider}.md`,
  };
}

/** The same with its forms. */
export function providerDetail(adapter: Adapter): ProviderDetail {
  const { credentials = {}, settingsSchema } = adapter;
  return {
    ...providerView(adapter),
    settings: formOf(settingsSchema),
    credentials: kindsOf(adapter).flatMap((kind) => {
      const schema = credentials[kind];
      return schema ? [{ kind, ...formOf(schema) }] : [];
    }),
  };
}

function kindsOf({ credentials = {} }: Adapter) {
  return CREDENTIAL_KINDS.filter((kind) => credentials[kind] !== undefined);
}

function formOf(schema: z.ZodType) {
  return { fields: fieldsOf(schema), schema: { ...settingsJsonSchema(schema) } };
}
