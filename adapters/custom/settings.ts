import { z } from 'zod';
import { apiUrl } from '#adapters/kit/api-url.ts';
import { FIELDS } from '#adapters/kit/field-meta.ts';

/** Headers that say where a request goes and how it is read, which a key must not take over. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const api = z
  .strictObject({
    base_url: apiUrl()
      .describe('Scheme, host and common path: https, or http on loopback. No private address.')
      .register(FIELDS, {
        label: 'Base URL',
        placeholder: 'https://api.example.com/v1',
        called: true,
      }),
    key_header: z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/)
      .toLowerCase()
      .refine((name) => !OF_THE_CONNECTION.has(name), {
        message: 'This header belongs to the connection itself. Name the one that carries the key.',
      })
      .default('authorization')
      .describe('The header that carries the key.')
      .register(FIELDS, { label: 'Header of the key' }),
    key_prefix: z
      .string()
      .max(64)
      .regex(/^[\x20-\x7e]*$/)
      .default('Bearer ')
      .describe('What stands before the key in that header, with the space at its end.')
      .register(FIELDS, { label: 'Prefix of the key' }),
    health_path: z
      .string()
      .max(1_024)
      .regex(/^\/(?!\/)[\x21-\x7e]*$/)
      .default('/')
      .describe('Path below the base URL that answers a GET with 2xx when the key is good.')
      .register(FIELDS, { label: 'Health check path', placeholder: '/me' }),
  })
  .describe('How the API of the provider is called. Without it the connection only receives.')
  .register(FIELDS, { label: 'API', group: 'account' });

/** Settings of a custom connection: the definition as written; `bind` checks and compiles it. */
export const settingsSchema = z.strictObject({
  definition: z
    .record(z.string(), z.unknown())
    .describe('The definition of the adapter, as docs/providers/custom.md describes it.')
    .register(FIELDS, { label: 'Definition', group: 'mapping' }),
  api: api.optional(),
});

export type CustomSettings = z.infer<typeof settingsSchema>;
