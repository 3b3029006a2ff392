import { z } from 'zod';
import { FIELD_GROUPS, WIDGETS } from '#adapters/kit/field-meta.ts';
import type { Field } from '#adapters/kit/fields.ts';

const EXAMPLE: Field = {
  name: 'signature_encoding',
  pointer: '/signature_encoding',
  label: 'Signature encoding',
  help: 'How the signature of callouts is spelled.',
  group: 'webhook',
  widget: 'choice',
  type: 'string',
  required: false,
  secret: false,
  called: false,
  default: 'base64',
  choices: [
    { value: 'base64', title: 'Base64' },
    { value: 'hex', title: 'Hexadecimal' },
  ],
};

/** One field of a form, as the API answers it. */
export const fieldSchema: z.ZodType<Field> = z
  .object({
    name: z.string().describe('Name in its object; empty for the items of a list.'),
    pointer: z
      .string()
      .describe(
        'JSON Pointer into the settings or the credential, with * for the place in a list.',
      ),
    label: z.string(),
    help: z.string(),
    group: z.enum(FIELD_GROUPS),
    widget: z
      .enum(WIDGETS)
      .describe('How to ask for it. lines: texts, one a line. fields: its members one by one.'),
    type: z.enum(['string', 'number', 'integer', 'boolean', 'array', 'object', 'any']),
    required: z.boolean(),
    secret: z.boolean().describe('Never shown again.'),
    called: z.boolean().describe('The server sends requests to this address.'),
    default: z.unknown().optional(),
    placeholder: z.string().optional(),
    choices: z
      .array(z.object({ value: z.union([z.string(), z.number(), z.boolean()]), title: z.string() }))
      .readonly()
      .optional()
      .describe('All values there are.'),
    min: z.number().optional().describe('Of a number, the length of a text or of a list.'),
    max: z.number().optional(),
    pattern: z.string().optional(),
    get fields() {
      return z.array(fieldSchema).readonly().optional().describe('Members of an object, in order.');
    },
    get item() {
      return fieldSchema.optional().describe('What each item of a list is.');
    },
  })
  // Given, as one cannot be made of a schema that refers to itself.
  .meta({ id: 'Field', examples: [EXAMPLE] });
