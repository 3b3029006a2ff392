import type { FromSchema } from '#adapters/kit/schema-type.ts';
import { EVENT_TYPE_PATTERN } from '#schemas/event.ts';
import { fieldSchema } from './fields-schema.ts';

/* JSON Schemas of the `extract` part of a definition. */

const pointer = { type: 'string', format: 'own-json-pointer' } as const;
const canonicalType = { type: 'string', pattern: EVENT_TYPE_PATTERN.source } as const;
const name = { type: 'string', minLength: 1, maxLength: 128 } as const;
const constant = { type: 'string', minLength: 1, maxLength: 256 } as const;

const eventType = {
  type: ['string', 'object'],
  format: 'own-json-pointer',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    pointer,
    bodyPointer: pointer,
    header: { type: 'string', format: 'header-name' },
    query: name,
    constant,
  },
} as const;

const entityType = {
  type: ['string', 'object'],
  format: 'own-json-pointer',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: { pointer, constant },
} as const;

const entityId = {
  type: ['string', 'object'],
  format: 'own-json-pointer',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: { pointer, header: { type: 'string', format: 'header-name' }, query: name },
} as const;

const rule = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'to'],
  properties: {
    type: constant,
    when: { type: 'string', minLength: 1, maxLength: 1024 },
    to: canonicalType,
    entityId: pointer,
  },
} as const;

/** A JSON Schema that the author wrote, and what to do with an item that does not fit. */
const itemSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['schema'],
  properties: {
    schema: { type: 'object' },
    onInvalid: { type: 'string', enum: ['quarantine', 'fail'], default: 'quarantine' },
  },
} as const;

export const extractSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['eventType'],
  properties: {
    format: { type: 'string', enum: ['json', 'form'], default: 'json' },
    allowedContentTypes: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      items: { type: 'string', format: 'media-type' },
    },
    batch: pointer,
    maxItems: { type: 'integer', minimum: 1, maximum: 10_000, default: 1000 },
    eventType,
    map: { type: 'array', maxItems: 200, items: rule, default: [] },
    onUnknownType: { type: 'string', enum: ['drop', 'quarantine', 'raw'], default: 'quarantine' },
    fallbackType: canonicalType,
    entity: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { type: entityType, id: entityId },
    },
    occurredAt: {
      type: 'object',
      additionalProperties: false,
      required: ['path', 'format'],
      properties: {
        path: pointer,
        format: { type: 'string', enum: ['iso8601', 's', 'ms'] },
        assumeUtc: { type: 'boolean', default: false },
      },
    },
    dedupeKey: { type: 'array', maxItems: 8, items: entityId, default: [] },
    actor: pointer,
    decimalFields: {
      type: 'array',
      maxItems: 100,
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pointer'],
        properties: {
          pointer: { ...pointer, minLength: 1 },
          scale: { type: 'integer', minimum: 0, maximum: 30 },
        },
      },
    },
    inputSchema: itemSchema,
    fields: { type: 'array', maxItems: 100, items: fieldSchema, default: [] },
    keepSource: { type: 'boolean', default: true },
    outputSchema: itemSchema,
  },
} as const;

export type ExtractDefinition = FromSchema<typeof extractSchema>;
export type EventTypeDefinition = FromSchema<typeof eventType>;
export type EntityTypeDefinition = FromSchema<typeof entityType>;
/** A value of the item, or of the request where the signature covers it. */
export type ValueDefinition = FromSchema<typeof entityId>;
export type RuleDefinition = FromSchema<typeof rule>;
export type ItemSchemaDefinition = FromSchema<typeof itemSchema>;
