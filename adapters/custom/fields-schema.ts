import type { FromSchema } from '#adapters/kit/schema-type.ts';

/* JSON Schemas of `extract.fields`. */

const pointer = { type: 'string', format: 'own-json-pointer' } as const;
const text = { type: 'string', maxLength: 256 } as const;

/** A transform that is told nothing but its name. */
function plain<const Name extends string>(name: Name) {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: { name: { const: name } },
  } as const;
}

const decimal = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { const: 'decimal' },
    scale: { type: 'integer', minimum: 0, maximum: 30 },
  },
} as const;

const datetime = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'format'],
  properties: {
    name: { const: 'datetime' },
    format: { type: 'string', enum: ['iso8601', 's', 'ms'] },
    assumeUtc: { type: 'boolean', default: false },
  },
} as const;

const enumMap = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'values'],
  properties: {
    name: { const: 'enum-map' },
    values: { type: 'object', minProperties: 1, maxProperties: 200, additionalProperties: text },
    otherwise: text,
  },
} as const;

const fallback = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'value'],
  properties: {
    name: { const: 'default' },
    value: { type: ['string', 'integer', 'boolean'], maxLength: 256 },
  },
} as const;

const concat = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { const: 'concat' },
    separator: { type: 'string', maxLength: 16, default: '' },
  },
} as const;

const transform = {
  type: 'object',
  required: ['name'],
  discriminator: { propertyName: 'name' },
  oneOf: [
    plain('trim'),
    plain('lower'),
    plain('string'),
    decimal,
    plain('boolean'),
    datetime,
    enumMap,
    fallback,
    concat,
    plain('coalesce'),
  ],
} as const;

export const fieldSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['to', 'from'],
  properties: {
    to: { type: 'string', format: 'field-name' },
    /** A pointer, or a list of them: see `placesOf`. */
    from: {
      type: ['string', 'array'],
      format: 'own-json-pointer',
      minItems: 1,
      maxItems: 8,
      items: pointer,
    },
    transforms: { type: 'array', maxItems: 8, items: transform, default: [] },
  },
} as const;

export type FieldDefinition = FromSchema<typeof fieldSchema>;
export type TransformDefinition = FromSchema<typeof transform>;

/** The pointers a field is read from. */
export function placesOf({ from }: FieldDefinition): readonly string[] {
  return typeof from === 'string' ? [from] : (from as readonly string[]);
}
