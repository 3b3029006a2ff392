import { z } from 'zod';
import { FIELDS, type FieldMeta } from './field-meta.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * JSON Schema 2020-12 of what a schema takes, with labels as titles. What JSON Schema cannot say, such
 * as a check by a function, is left out.
 *
 * @throws Error of zod where a schema cannot be described at all
 */
export function settingsJsonSchema(schema: z.ZodType): JsonSchema {
  return convert(schema, (node, { label, placeholder, secret }) => {
    node.title = label;
    if (placeholder !== undefined) node.examples = [placeholder];
    if (secret) node.writeOnly = true;
  });
}

/** Where `annotatedJsonSchema` puts the `FieldMeta` of a schema. */
export const META = 'x-field';

/** The same, with all that is known of each field. @throws as `settingsJsonSchema` */
export function annotatedJsonSchema(schema: z.ZodType): JsonSchema {
  return convert(schema, (node, meta) => {
    node[META] = meta;
  });
}

function convert(
  schema: z.ZodType,
  annotate: (node: JsonSchema, meta: FieldMeta) => void,
): JsonSchema {
  const { '~standard': _, ...converted } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const meta = FIELDS.get(zodSchema);
      if (meta !== undefined) annotate(jsonSchema, meta);
    },
  });
  return converted;
}
