import { parseInstant } from '#adapters/kit/instant.ts';
import { readDecimal } from './decimals.ts';
import type { TransformDefinition } from './fields-schema.ts';

/** Why a value could not be transformed: the end of a sentence, without anything of the value. */
export class TransformFault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Turns a value that is there into another, or into a TransformFault. Never throws. */
export type Transform = (value: unknown) => unknown;

type Named<Name extends TransformDefinition['name']> = TransformDefinition & {
  readonly name: Name;
};

/** Those that turn one value into another; the rest is done where fields are read. */
export type ValueTransformDefinition = Exclude<
  TransformDefinition,
  Named<'default' | 'concat' | 'coalesce'>
>;

const TRUE = new Set(['true', '1', 'yes']);
const FALSE = new Set(['false', '0', 'no']);

/** Compiles one step of a field. */
export function compileTransform(definition: ValueTransformDefinition): Transform {
  switch (definition.name) {
    case 'trim':
      return (value) => (typeof value === 'string' ? value.trim() : NO_TEXT);
    case 'lower':
      return (value) => (typeof value === 'string' ? value.toLowerCase() : NO_TEXT);
    case 'string':
      return (value) => scalarText(value) ?? new TransformFault('is no text, number or boolean');
    case 'decimal':
      return (value) => {
        const read = readDecimal(value, definition.scale);
        return 'fault' in read ? new TransformFault(read.fault) : read.text;
      };
    case 'boolean':
      return toBoolean;
    case 'datetime':
      return (value) => toInstant(value, definition);
    case 'enum-map':
      return (value) => lookUp(value, definition);
  }
}

const NO_TEXT = new TransformFault('is not a text');

/** A text, number or boolean as text; undefined for anything else. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function toBoolean(value: unknown): boolean | TransformFault {
  const text = scalarText(value)?.toLowerCase() ?? '';
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : new TransformFault('is neither true nor false');
}

/** RFC 3339 in UTC, with milliseconds. */
function toInstant(value: unknown, { format, assumeUtc }: Named<'datetime'>) {
  const text = typeof value === 'boolean' ? undefined : scalarText(value);
  const ms = text === undefined ? undefined : parseInstant(text, format, assumeUtc);
  return ms === undefined
    ? new TransformFault(`is not a time of the format ${format}`)
    : new Date(ms).toISOString();
}

function lookUp(value: unknown, { values, otherwise }: Named<'enum-map'>) {
  const text = scalarText(value);
  if (text !== undefined && Object.hasOwn(values, text)) return values[text];
  return otherwise ?? new TransformFault('is not one of the values of enum-map');
}
