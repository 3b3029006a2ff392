import { z } from 'zod';
import { eventSchema, SCHEMA_VERSION } from './event.ts';

/**
 * The JSON Schema (2020-12) of the canonical event, for consumers in any language. Kept in
 * schemas/generated/event.schema.json; `npm run generate` writes it, and a test compares.
 */
export function eventJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(eventSchema, {
    target: 'draft-2020-12',
    override: ({ zodSchema, jsonSchema }) => {
      // What the zod refinement checks in code: below the payload, numbers are safe integers.
      if (zodSchema === eventSchema.shape.payload) {
        Object.assign(jsonSchema, { additionalProperties: { $ref: '#/$defs/exact' } });
      }
    },
  });
  return {
    ...schema,
    $id: `https://tributary.dev/schemas/event/${SCHEMA_VERSION}`,
    title: 'Canonical event',
    $defs: {
      exact: {
        description: 'JSON whose numbers are safe integers; decimals are strings.',
        anyOf: [
          { type: ['string', 'boolean', 'null'] },
          {
            type: 'integer',
            minimum: Number.MIN_SAFE_INTEGER,
            maximum: Number.MAX_SAFE_INTEGER,
          },
          { type: 'array', items: { $ref: '#/$defs/exact' } },
          { type: 'object', additionalProperties: { $ref: '#/$defs/exact' } },
        ],
      },
    },
  };
}
