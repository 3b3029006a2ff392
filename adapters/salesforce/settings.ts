import { z } from 'zod';
import { apiUrl } from '#adapters/kit/api-url.ts';
import { FIELDS } from '#adapters/kit/field-meta.ts';
import { recordId } from './record-id.ts';

const MAX_STAGES = 500;
/** Headers that other requests have as well, so that they would not tell a callout from the rest. */
const COMMON_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'host',
  'soapaction',
  'transfer-encoding',
  'user-agent',
  'x-forwarded-for',
  'x-forwarded-proto',
]);

const header = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/)
  .toLowerCase()
  .refine((name) => !COMMON_HEADERS.has(name), {
    message: 'Choose a header that requests without a signature do not have.',
  });

/** The secret of the installation's app is sent there, so it must be Salesforce. */
export const loginUrl = apiUrl(['salesforce.com']);

const stage = z.object({
  MasterLabel: z.string().min(1).max(255).describe('Label of the stage.'),
  ApiName: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('Name of the stage in the API, where it is not the label.'),
  IsClosed: z.boolean().describe('Whether an opportunity in this stage is closed.'),
  IsWon: z.boolean().describe('Whether it is won.'),
});

/** What a Salesforce connection can be set to. Only the organisation is required. */
export const settingsSchema = z
  .strictObject({
    organization_id: z
      .string()
      .refine((id) => recordId(id) !== undefined, {
        message:
          'Give the organization id as Setup shows it under Company Information: 15 or 18 characters, such as 00D5g000004ABCDEA4.',
      })
      .describe(
        'Id of the Salesforce organization, 15 or 18 characters, as Setup shows it under Company Information. Outbound messages of another one are refused.',
      )
      .register(FIELDS, {
        label: 'Organization ID',
        group: 'account',
        placeholder: '00D5g000004ABCDEA4',
      }),
    signature_header: header
      .default('x-tributary-signature')
      .describe('Header of callouts that holds the signature.')
      .register(FIELDS, { label: 'Signature header', group: 'webhook' }),
    timestamp_header: header
      .default('x-tributary-timestamp')
      .describe('Header of callouts that holds the time of sending, in milliseconds.')
      .register(FIELDS, { label: 'Timestamp header', group: 'webhook' }),
    signature_encoding: z
      .enum(['base64', 'hex'])
      .default('base64')
      .describe('How the signature of callouts is spelled.')
      .register(FIELDS, {
        label: 'Signature encoding',
        group: 'webhook',
        titles: { base64: 'Base64', hex: 'Hexadecimal' },
      }),
    future_skew_seconds: z
      .int()
      .min(0)
      .max(300)
      .default(60)
      .describe('How far the timestamp of a callout may lie in the future, in seconds.')
      .register(FIELDS, { label: 'Clock tolerance (seconds)', group: 'advanced' }),
    opportunity_stages: z
      .array(stage)
      .max(MAX_STAGES)
      .default([])
      .describe(
        'Stages of opportunities as SELECT MasterLabel, ApiName, IsClosed, IsWon FROM OpportunityStage lists them; other members are ignored. Needed for won and lost where IsClosed and IsWon are not sent, as in Change Data Capture.',
      )
      .register(FIELDS, { label: 'Opportunity stages', group: 'mapping', widget: 'json' }),
    login_url: loginUrl
      .default('https://login.salesforce.com')
      .describe(
        'Where users of the organization sign in and tokens come from: https://login.salesforce.com, https://test.salesforce.com for a sandbox, or its My Domain.',
      )
      .register(FIELDS, { label: 'Login URL', group: 'account', called: true }),
  })
  .refine((settings) => settings.signature_header !== settings.timestamp_header, {
    path: ['timestamp_header'],
    message: 'Signature and timestamp need a header each.',
  });

export type SalesforceSettings = z.infer<typeof settingsSchema>;
export type OpportunityStage = z.infer<typeof stage>;
