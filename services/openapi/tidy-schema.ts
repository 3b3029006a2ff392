import type { Schema } from './document-types.ts';

/** A schema and all schemas in it, changed by `change` from the inside out. */
export function mapSchema(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const inner = (one: Schema) => mapSchema(one, change);
  const result: Schema = { ...schema };
  if (schema.properties) result.properties = mapValues(schema.properties, inner);
  for (const key of ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const) {
    const list = schema[key];
    if (list) result[key] = list.map(inner);
  }
  for (const key of ['items', 'additionalProperties'] as const) {
    const one = schema[key];
    if (typeof one === 'object') result[key] = inner(one);
  }
  return change(result);
}

export function mapValues<In, Out>(
  object: Readonly<Record<string, In>>,
  change: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** Without what zod adds and says nothing: the pattern of a format, and the bounds of exact integers. */
export function withoutNoise(schema: Schema): Schema {
  const { pattern, minimum, maximum, ...rest } = schema;
  return {
    ...rest,
    ...(pattern !== undefined && !schema.format && { pattern }),
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }),
  };
}

/** Answers gain fields within a version: whoever reads one must not refuse what it does not know. */
export function openToMoreFields(schema: Schema): Schema {
  if (schema.additionalProperties !== false) return schema;
  const { additionalProperties: _closed, ...rest } = schema;
  return rest;
}

/** The same without the choice of null; undefined when it has none. */
export function withoutNull(schema: Schema): Schema | undefined {
  const rest = schema.anyOf?.filter(({ type }) => type !== 'null');
  if (!rest || rest.length === schema.anyOf?.length) return undefined;
  const { anyOf: _anyOf, ...outer } = schema;
  const [only] = rest;
  return rest.length === 1 ? { ...outer, ...only } : { ...outer, anyOf: rest };
}
