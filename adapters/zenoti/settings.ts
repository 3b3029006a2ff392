import { z } from 'zod';
import { apiUrl } from '#adapters/kit/api-url.ts';
import { FIELDS } from '#adapters/kit/field-meta.ts';

const guid = z.guid().toLowerCase();

/** What a Zenoti connection can be set to. Nothing is required. */
export const settingsSchema = z.strictObject({
  signature_header: z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/)
    .toLowerCase()
    .default('zenoti-webhook-signature')
    .describe(
      'Header that holds the signature. Zenoti does not document its name; the default is what has been seen.',
    )
    .register(FIELDS, { label: 'Signature header', group: 'webhook' }),
  secret_encoding: z
    .enum(['utf8', 'base64', 'hex'])
    .default('utf8')
    .describe('How the webhook secret stands for the bytes of the key.')
    .register(FIELDS, {
      label: 'Encoding of the secret',
      group: 'webhook',
      titles: { utf8: 'As it is written', base64: 'Base64', hex: 'Hexadecimal' },
    }),
  require_signature: z
    .boolean()
    .default(true)
    .describe(
      'Set to false only if Zenoti signs nothing for this account. The secret segment of the URL is then required; a signature that is there is still checked.',
    )
    .register(FIELDS, { label: 'Require a signature', group: 'webhook' }),
  require_path_secret: z
    .boolean()
    .default(false)
    .describe(
      'Requires the secret segment at the end of the webhook URL besides the signature. Recommended: the signature is not documented. A segment that is there is always checked.',
    )
    .register(FIELDS, { label: 'Require the secret in the URL', group: 'webhook' }),
  organization_id: guid
    .optional()
    .describe(
      'Id of the Zenoti organization. Events that state another one are skipped. Without it, those of any are taken.',
    )
    .register(FIELDS, {
      label: 'Organization ID',
      group: 'account',
      placeholder: '11111111-1111-4111-8111-111111111111',
    }),
  center_ids: z
    .array(guid)
    .min(1)
    .max(1_000)
    .optional()
    .describe(
      'Ids of centers. Events that state a center outside the list are skipped. Without it, those of any are taken.',
    )
    .register(FIELDS, { label: 'Center IDs', group: 'mapping' }),
  // Other hosts of regions are not confirmed, so whatever is below the domain is taken.
  api_base_url: apiUrl(['zenoti.com'])
    .default('https://api.zenoti.com')
    .describe("Where Zenoti's API is called: zenoti.com or a host below it, or loopback.")
    .register(FIELDS, { label: 'API address', group: 'advanced', called: true }),
});

export type ZenotiSettings = z.infer<typeof settingsSchema>;

/** Whether the webhook URL of the connection must end in its secret segment. */
export function needsPathSecret(settings: ZenotiSettings): boolean {
  return settings.require_path_secret || !settings.require_signature;
}
