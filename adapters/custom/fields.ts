import type { Report } from '#adapters/kit/faults.ts';
import { parsePointer, readTokens } from '#adapters/kit/json-pointer.ts';
import { checkFields } from './check-fields.ts';
import { type FieldDefinition, placesOf, type TransformDefinition } from './fields-schema.ts';
import { compileTransform, scalarText, type Transform, TransformFault } from './transforms.ts';

type Item = Readonly<Record<string, unknown>>;

/** Maps an item to its fields, or tells what is wrong: the field, its pointer, never its value. */
export type FieldMap = (item: Item) => Item | string;

interface Place {
  readonly pointer: string;
  readonly tokens: readonly string[];
}

interface Step {
  readonly whenAbsent: boolean;
  readonly apply: Transform;
}

interface Field {
  readonly to: string;
  readonly places: readonly Place[];
  /** Makes one value of several places. */
  readonly combine: ((values: readonly unknown[]) => unknown) | undefined;
  readonly steps: readonly Step[];
}

/** Compiles `fields`. A field without a value is left out; null stays null. */
export function compileFields(definitions: readonly FieldDefinition[], report: Report): FieldMap {
  checkFields(definitions, report);
  const fields = definitions.map(compileField);
  return (item) => {
    const mapped: [string, unknown][] = [];
    for (const field of fields) {
      const value = read(field, item);
      if (value instanceof TransformFault) {
        const at = field.places.map(({ pointer }) => pointer).join(', ');
        return `${at} ${value.message}, for the field ${field.to}.`;
      }
      if (value !== undefined) mapped.push([field.to, value]);
    }
    return Object.fromEntries(mapped);
  };
}

function compileField(definition: FieldDefinition): Field {
  const [first] = definition.transforms;
  return {
    to: definition.to,
    places: placesOf(definition).map((pointer) => {
      return { pointer, tokens: parsePointer(pointer) ?? [] };
    }),
    combine: first === undefined ? undefined : compileCombine(first),
    steps: definition.transforms.flatMap(compileStep),
  };
}

function read({ places, combine, steps }: Field, item: Item): unknown {
  const values = places.map(({ tokens }) => readTokens(item, tokens));
  let value = combine === undefined ? values[0] : combine(values);
  for (const { whenAbsent, apply } of steps) {
    if (value instanceof TransformFault) return value;
    const absent = value === undefined || value === null;
    if (absent === whenAbsent) value = apply(value);
  }
  return value;
}

function compileStep(definition: TransformDefinition): readonly Step[] {
  switch (definition.name) {
    case 'concat':
    case 'coalesce':
      return [];
    case 'default':
      return [{ whenAbsent: true, apply: () => definition.value }];
    default:
      return [{ whenAbsent: false, apply: compileTransform(definition) }];
  }
}

function compileCombine(definition: TransformDefinition): Field['combine'] {
  switch (definition.name) {
    case 'coalesce':
      return (values) => values.find((value) => value !== undefined && value !== null);
    case 'concat':
      return (values) => concat(values, definition.separator);
    default:
      return undefined;
  }
}

/** Missing and null values are left out, and no separator stands for them. */
function concat(values: readonly unknown[], separator: string): unknown {
  const present = values.filter((value) => value !== undefined && value !== null);
  const texts = present.map(scalarText).filter((text) => text !== undefined);
  if (texts.length < present.length) {
    return new TransformFault('hold something else than texts, numbers and booleans');
  }
  return texts.length === 0 ? undefined : texts.join(separator);
}
