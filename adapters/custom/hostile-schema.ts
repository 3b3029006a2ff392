import { isObject } from '#adapters/kit/json-body.ts';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
import type { Fault } from '#schemas/problem.ts';

/** Largest schema, in characters of JSON. */
export const MAX_SCHEMA_LENGTH = 32 * 1024;
/** Deepest nesting of subschemas. */
export const MAX_SCHEMA_DEPTH = 16;
/** Most subschemas once every reference is written out. */
export const MAX_EXPANDED_SCHEMAS = 500;

/** How a keyword's value holds subschemas. */
type Holds = 'none' | 'schema' | 'list' | 'named';

/**
 * The keywords a schema of items may use. `pattern`, `patternProperties` and `format` run regular
 * expressions of the author on texts of the sender; `uniqueItems` compares every pair of items;
 * references other than `#/$defs/name` reach outside or go in circles.
 */
const KEYWORDS: Readonly<Record<string, Holds>> = {
  ...keywords('none', '$schema $comment title description default examples deprecated'),
  ...keywords('none', 'type enum const required $ref'),
  ...keywords('none', 'minimum maximum exclusiveMinimum exclusiveMaximum'),
  ...keywords('none', 'minLength maxLength minItems maxItems minProperties maxProperties'),
  ...keywords('schema', 'items contains additionalProperties propertyNames not if then else'),
  ...keywords('list', 'allOf anyOf oneOf prefixItems'),
  ...keywords('named', 'properties $defs'),
};

const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

function keywords(holds: Holds, names: string): Record<string, Holds> {
  return Object.fromEntries(names.split(' ').map((name) => [name, holds]));
}

/**
 * Finds what would let a schema's author or an item's sender make validation run long: each
 * subschema is allowed a bounded share of the work, and references cannot multiply it.
 *
 * @returns the faults, with pointers into the schema; none for a schema that is safe to compile
 */
export function checkHostile(schema: Readonly<Record<string, unknown>>): readonly Fault[] {
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) {
    return [{ pointer: '', message: `is longer than ${MAX_SCHEMA_LENGTH} characters` }];
  }
  const faults: Fault[] = [];
  walk(schema, '', 0, faults);
  if (faults.length > 0) return faults;
  const size = expandedSize(schema, schema, new Map());
  if (size <= MAX_EXPANDED_SCHEMAS) return [];
  const message = Number.isFinite(size)
    ? `has more than ${MAX_EXPANDED_SCHEMAS} subschemas once its references are written out`
    : 'refers to itself or to a definition that does not exist';
  return [{ pointer: '', message }];
}

function walk(schema: unknown, at: string, depth: number, faults: Fault[]): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) {
    faults.push({ pointer: at, message: 'must be a schema: an object, true or false' });
    return;
  }
  if (depth > MAX_SCHEMA_DEPTH) {
    faults.push({ pointer: at, message: `is nested deeper than ${MAX_SCHEMA_DEPTH} subschemas` });
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) {
    const pointer = `${at}/${escapeToken(keyword)}`;
    const message = keywordFault(keyword, value);
    if (message !== undefined) faults.push({ pointer, message });
  }
  for (const { subschema, path } of subschemas(schema)) {
    walk(subschema, at + path, depth + 1, faults);
  }
}

function keywordFault(keyword: string, value: unknown): string | undefined {
  const holds = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
  if (holds === undefined) return 'is not allowed in a schema of items';
  if (holds === 'list' && !Array.isArray(value)) return 'must be a list of schemas';
  if (holds === 'named') {
    if (!isObject(value)) return 'must be an object of schemas';
    if (Object.keys(value).some((name) => PROTOTYPE_NAMES.has(name))) return 'names a prototype';
  }
  if (keyword === '$ref' && definitionName(value) === undefined) {
    return 'must be a local reference such as #/$defs/money';
  }
  return undefined;
}

function definitionName(reference: unknown): string | undefined {
  return typeof reference === 'string'
    ? /^#\/\$defs\/([A-Za-z0-9_-]{1,64})$/.exec(reference)?.[1]
    : undefined;
}

interface Subschema {
  readonly subschema: unknown;
  /** Pointer from the schema that holds it. */
  readonly path: string;
  readonly keyword: string;
}

function subschemas(schema: Readonly<Record<string, unknown>>): Subschema[] {
  return Object.entries(schema).flatMap(([keyword, value]): Subschema[] => {
    const holds = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : 'none';
    const path = `/${escapeToken(keyword)}`;
    if (holds === 'schema') return [{ subschema: value, path, keyword }];
    if (holds !== 'none' && typeof value === 'object' && value !== null) {
      return Object.entries(value).map(([name, subschema]) => ({
        subschema,
        path: `${path}/${escapeToken(name)}`,
        keyword,
      }));
    }
    return [];
  });
}

/** Subschemas with every reference written out; infinite for a circle or a missing definition. */
function expandedSize(
  schema: unknown,
  root: Readonly<Record<string, unknown>>,
  sizes: Map<string, number>,
): number {
  if (!isObject(schema)) return 1;
  let size = 1;
  for (const { subschema, keyword } of subschemas(schema)) {
    if (keyword !== '$defs') size += expandedSize(subschema, root, sizes);
  }
  const name = definitionName(schema.$ref);
  return name === undefined ? size : size + definitionSize(name, root, sizes);
}

function definitionSize(
  name: string,
  root: Readonly<Record<string, unknown>>,
  sizes: Map<string, number>,
): number {
  const known = sizes.get(name);
  if (known !== undefined) return known;
  const definitions = isObject(root.$defs) ? root.$defs : {};
  if (!Object.hasOwn(definitions, name)) return Number.POSITIVE_INFINITY;
  // Infinite while it is being measured: a definition that comes back to itself stays so.
  sizes.set(name, Number.POSITIVE_INFINITY);
  const size = expandedSize(definitions[name], root, sizes);
  sizes.set(name, size);
  return size;
}
