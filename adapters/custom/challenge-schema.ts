import type { FromSchema } from '#adapters/kit/schema-type.ts';
import { placedSchema, secretSchema } from '#adapters/kit/verification/definitions.ts';
import { contentTypeSchema, fixedAnswerProperties, statusSchema } from './fixed-answer.ts';

/* JSON Schemas of the `challenge` part of a definition. */

const jsonKey = { type: 'string', minLength: 1, maxLength: 64 } as const;

const condition = {
  ...placedSchema,
  properties: {
    ...placedSchema.properties,
    equals: { type: 'string', maxLength: 256 },
  },
} as const;

const echo = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'value'],
  properties: {
    kind: { const: 'echo' },
    value: placedSchema,
    jsonKey,
    contentType: contentTypeSchema,
    status: statusSchema,
  },
} as const;

const hmac = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'value'],
  properties: {
    kind: { const: 'hmac' },
    value: placedSchema,
    algorithm: { type: 'string', enum: ['sha256', 'sha384', 'sha512'], default: 'sha256' },
    encoding: { type: 'string', enum: ['hex', 'base64', 'base64url'], default: 'hex' },
    prefix: { type: 'string', maxLength: 64, default: '' },
    secret: secretSchema,
    jsonKey,
    echoKey: jsonKey,
    contentType: contentTypeSchema,
    status: statusSchema,
  },
} as const;

const fixed = {
  type: 'object',
  additionalProperties: false,
  required: ['kind'],
  properties: { kind: { const: 'fixed' }, ...fixedAnswerProperties },
} as const;

const challenge = {
  type: 'object',
  additionalProperties: false,
  required: ['match', 'respond'],
  properties: {
    match: {
      type: 'object',
      additionalProperties: false,
      required: ['method'],
      properties: {
        method: { type: 'string', enum: ['GET', 'POST', 'PUT', 'PATCH'] },
        where: { type: 'array', maxItems: 4, items: condition, default: [] },
      },
    },
    token: placedSchema,
    signed: { type: 'boolean', default: false },
    respond: {
      type: 'object',
      required: ['kind'],
      discriminator: { propertyName: 'kind' },
      oneOf: [echo, hmac, fixed],
    },
  },
} as const;

export const challengeListSchema = {
  type: 'array',
  maxItems: 4,
  items: challenge,
  default: [],
} as const;

export type ChallengeDefinition = FromSchema<typeof challenge>;
export type ConditionDefinition = FromSchema<typeof condition>;
export type RespondDefinition = FromSchema<typeof challenge>['respond'];
export type EchoDefinition = FromSchema<typeof echo>;
export type HmacAnswerDefinition = FromSchema<typeof hmac>;
