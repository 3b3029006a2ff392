import { type Components, resolveSchema, type Schema } from './document-types.ts';
import { FORMAT_EXAMPLES, fieldExample } from './field-examples.ts';

/**
 * An example of what a schema takes: its own where it has some, else made of its parts, of what fields of
 * a name usually hold, and of the least that a type allows. A pattern is not seen through: a field with one
 * that its name says nothing of needs an example of its own (`.meta({ examples: [...] })`).
 *
 * @param name of the field that holds it, if one does
 */
export function exampleOf(schema: Schema, components: Components, name = ''): unknown {
  const resolved = resolveSchema(schema, components);
  const given = (resolved.examples ?? schema.examples)?.[0];
  if (given !== undefined) return given;
  if (resolved.const !== undefined) return resolved.const;
  if (resolved.enum) return resolved.enum[0];
  const known = fieldExample(name);
  if (known !== undefined && fits(known, resolved, components)) return known;
  if (isPlain(resolved.default)) return resolved.default;
  const choices = resolved.anyOf ?? resolved.oneOf;
  const choice = choices?.find(({ type }) => type !== 'null') ?? choices?.[0];
  if (choice) return exampleOf(choice, components, name);
  if (resolved.allOf) {
    const parts = resolved.allOf.map((part) => exampleOf(part, components, name));
    return Object.assign({}, ...parts);
  }
  return leastOf(resolved, components, name);
}

function leastOf(schema: Schema, components: Components, name: string): unknown {
  const [type] = typesOf(schema);
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([field, inner]) => [
          field,
          exampleOf(inner, components, field),
        ]),
      );
    case 'array':
      return typeof schema.items === 'object'
        ? [exampleOf(schema.items, components, name.replace(/s$/, ''))]
        : [];
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 0);
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'string':
      return FORMAT_EXAMPLES[schema.format ?? ''] ?? 'text'.padEnd(schema.minLength ?? 0, '-');
    default:
      return {};
  }
}

function typesOf({ type }: Schema): readonly (string | undefined)[] {
  return [type].flat();
}

function fits(value: unknown, schema: Schema, components: Components): boolean {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices)
    return choices.some((one) => fits(value, resolveSchema(one, components), components));
  if (schema.enum) return schema.enum.includes(value);
  if (schema.pattern && !new RegExp(schema.pattern, 'u').test(String(value))) return false;
  const kind = value === null ? 'null' : typeof value;
  return typesOf(schema).some(
    (type) => type === kind || (type === 'integer' && Number.isInteger(value)),
  );
}

function isPlain(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null);
}
