import type { FromSchema } from '#adapters/kit/schema-type.ts';
import { verificationSchema } from '#adapters/kit/verification/definitions.ts';
import { challengeListSchema } from './challenge-schema.ts';
import { extractSchema } from './extract-schema.ts';
import { fixedAnswerProperties } from './fixed-answer.ts';

const text = { type: 'object', additionalProperties: { type: 'string', maxLength: 1024 } } as const;
const method = { type: 'string', enum: ['POST', 'PUT', 'PATCH'] } as const;

const network = {
  type: 'object',
  additionalProperties: false,
  required: ['ipAllow'],
  properties: {
    ipAllow: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: { type: 'string', minLength: 1, maxLength: 64 },
    },
  },
} as const;

const sample = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'body'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 64 },
    method: { ...method, default: 'POST' },
    headers: { ...text, default: {} },
    query: { ...text, default: {} },
    body: {},
  },
} as const;

/** JSON Schema 2020-12 of a definition: the whole of what a custom adapter can be told. */
export const definitionSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tributary custom adapter definition',
  type: 'object',
  additionalProperties: false,
  required: ['verification', 'extract'],
  properties: {
    title: { type: 'string', maxLength: 128 },
    description: { type: 'string', maxLength: 2048 },
    network,
    require: { type: 'string', enum: ['any', 'all'], default: 'any' },
    verification: verificationSchema,
    challenge: challengeListSchema,
    allowedMethods: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: method,
      default: ['POST'],
    },
    ack: { type: 'object', additionalProperties: false, properties: fixedAnswerProperties },
    extract: extractSchema,
    samples: { type: 'array', maxItems: 20, items: sample, default: [] },
  },
} as const;

/** A definition with its defaults filled in. */
export type Definition = FromSchema<typeof definitionSchema>;
export type SampleDefinition = FromSchema<typeof sample>;
