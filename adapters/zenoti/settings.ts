import { z } from 'zod';
import { apiUrl } from '#adapters/kit/api-url.ts';

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
    ),
  secret_encoding: z
    .enum(['utf8', 'base64', 'hex'])
    .default('utf8')
    .describe('How the webhook secret stands for the bytes of the key.'),
  require_signature: z
    .boolean()
    .default(true)
    .describe(
      'Set to false only if Zenoti signs nothing for this account. The secret segment of the URL is then required; a signature that is there is still checked.',
    ),
  require_path_secret: z
    .boolean()
    .default(false)
    .describe(
      'Requires the secret segment at the end of the webhook URL besides the signature. A segment that is there is always checked.',
    ),
  organization_id: guid
    .optional()
    .describe('Id of the Zenoti organization. Events that state another one are skipped.'),
  center_ids: z
    .array(guid)
    .min(1)
    .max(1_000)
    .optional()
    .describe('Ids of centers. Events that state a center outside the list are skipped.'),
  api_base_url: apiUrl(['zenoti.com'])
    .default('https://api.zenoti.com')
    .describe("Where Zenoti's API is called. No other host than the default is documented."),
});

export type ZenotiSettings = z.infer<typeof settingsSchema>;

/** Whether the webhook URL of the connection must end in its secret segment. */
export function needsPathSecret(settings: ZenotiSettings): boolean {
  return settings.require_path_secret || !settings.require_signature;
}
