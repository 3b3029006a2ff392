import type { Widget } from './field-meta.ts';
import type { JsonSchema } from './settings-json-schema.ts';

export type FieldType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'any';
export type Scalar = string | number | boolean;

/** What JSON Schema says of a value, as far as a form can ask for it. */
export interface Shape {
  readonly type: FieldType;
  readonly widget: Widget;
  readonly values?: readonly Scalar[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly members?: readonly Member[];
  readonly items?: JsonSchema;
}

export interface Member {
  readonly name: string;
  readonly node: JsonSchema;
  readonly required: boolean;
}

const ANYTHING: Shape = { type: 'any', widget: 'json' };

/**
 * The shape of a value. Of several scalars that it may be, a text is the one a form can always write;
 * what no form can ask for is JSON. Null counts as nothing given.
 */
export function shapeOf(node: JsonSchema): Shape {
  const [first, ...others] = optionsOf(node);
  if (first === undefined) return ANYTHING;
  if (others.length === 0) return first === node ? plainShape(node) : shapeOf(first);
  const shapes = [first, ...others].map(shapeOf);
  const values = shapes.map((shape) => shape.values);
  if (values.every((some) => some !== undefined)) return choiceOf(values.flat());
  if (shapes.some(({ type }) => ['any', 'array', 'object'].includes(type))) return ANYTHING;
  return shapes.find(({ type }) => type === 'string') ?? ANYTHING;
}

/** What a value may be besides null; the node itself where it is of one kind. */
function optionsOf(node: JsonSchema): readonly JsonSchema[] {
  const { type } = node as { readonly type?: unknown };
  const options = Array.isArray(type)
    ? type.map((one) => ({ ...node, type: one }))
    : (node.anyOf ?? node.oneOf ?? [node]);
  return options.filter(isNode).filter((one) => one.type !== 'null' && one.const !== null);
}

function plainShape(node: JsonSchema): Shape {
  const values = 'const' in node ? [node.const] : node.enum;
  if (values !== undefined) return choiceOf(values);
  switch (node.type) {
    case 'string':
      return {
        type: 'string',
        widget: node.format === 'uri' ? 'url' : 'text',
        ...limits(node.minLength, node.maxLength),
        ...(node.pattern !== undefined && { pattern: node.pattern }),
      };
    case 'integer':
      return { type: 'integer', widget: 'number', ...limits(leastOf(node), greatestOf(node)) };
    case 'number':
      return { type: 'number', widget: 'number', ...limits(node.minimum, node.maximum) };
    case 'boolean':
      return { type: 'boolean', widget: 'switch' };
    case 'array':
      return arrayShape(node);
    case 'object':
      return objectShape(node);
    default:
      return ANYTHING;
  }
}

function choiceOf(values: readonly unknown[]): Shape {
  const scalars = [...new Set(values)].filter((value): value is Scalar => isScalar(value));
  const types = new Set(scalars.map((value) => typeof value));
  const [type] = types;
  const others = values.filter((value) => value !== null && !isScalar(value));
  if (type === undefined || types.size > 1 || others.length > 0) return ANYTHING;
  return { type: type as 'string' | 'number' | 'boolean', widget: 'choice', values: scalars };
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function arrayShape(node: JsonSchema): Shape {
  const size = limits(node.minItems, node.maxItems);
  if (!isNode(node.items) || node.prefixItems !== undefined) {
    return { type: 'array', widget: 'json', ...size };
  }
  const { widget } = shapeOf(node.items);
  const ofTexts = widget === 'text' || widget === 'url';
  return {
    type: 'array',
    widget: widget === 'json' ? 'json' : ofTexts ? 'lines' : 'list',
    ...size,
    ...(widget !== 'json' && { items: node.items }),
  };
}

function objectShape(node: JsonSchema): Shape {
  const { properties, additionalProperties: more, required = [] } = node;
  const isOpen = isNode(more) && Object.keys(more).length > 0;
  if (properties === undefined || isOpen) return { type: 'object', widget: 'json' };
  const members = Object.entries(properties).map(([name, member]) => ({
    name,
    node: isNode(member) ? member : {},
    required: required.includes(name),
  }));
  return { type: 'object', widget: 'fields', members };
}

function isNode(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

/** Zod gives integers the bounds of what a double can hold, which nobody has to be told. */
function limits(min: number | undefined, max: number | undefined) {
  return {
    ...(min !== undefined && min > -Number.MAX_SAFE_INTEGER && { min }),
    ...(max !== undefined && max < Number.MAX_SAFE_INTEGER && { max }),
  };
}

function leastOf({ minimum, exclusiveMinimum }: JsonSchema): number | undefined {
  // The older drafts' true and false do not occur in what zod writes.
  return typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : minimum;
}

function greatestOf({ maximum, exclusiveMaximum }: JsonSchema): number | undefined {
  return typeof exclusiveMaximum === 'number' ? exclusiveMaximum - 1 : maximum;
}
