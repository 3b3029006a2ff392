import type { Report } from '#adapters/kit/faults.ts';
import { parsePointer } from '#adapters/kit/json-pointer.ts';
import { type FieldDefinition, placesOf, type TransformDefinition } from './fields-schema.ts';

/** Most pointers that read one value of an item: it may be large, and each copies it. */
export const MAX_READS = 4;
/** Most characters of names and texts that the fields themselves put into one event. */
export const MAX_OWN_TEXT = 4096;

const AT = '/definition/extract/fields';

/** Reports fields that contradict themselves, or by which a small body would make large events. */
export function checkFields(fields: readonly FieldDefinition[], report: Report): void {
  const names = new Set<string>();
  for (const [index, field] of fields.entries()) {
    const at = `${AT}/${index}`;
    if (names.has(field.to)) report(`${at}/to`, 'is the name of a field before it');
    names.add(field.to);
    checkCombination(field, at, report);
  }
  checkReads(fields, report);
  const ownText = fields.reduce((sum, field) => sum + ownTextOf(field), 0);
  if (ownText > MAX_OWN_TEXT) {
    report(AT, `hold more than ${MAX_OWN_TEXT} characters of names and texts of their own`);
  }
}

function checkCombination(field: FieldDefinition, at: string, report: Report): void {
  const several = Array.isArray(field.from);
  for (const [index, { name }] of field.transforms.entries()) {
    if (name !== 'concat' && name !== 'coalesce') continue;
    if (!several) report(`${at}/transforms/${index}`, 'needs a list of pointers in from');
    else if (index > 0) report(`${at}/transforms/${index}`, 'must stand first');
  }
  const first = field.transforms[0]?.name;
  if (several && first !== 'concat' && first !== 'coalesce') {
    report(`${at}/transforms`, 'must begin with concat or coalesce where from is a list');
  }
}

/** Counts, for each pointer, those that read the same value or one it is part of. */
function checkReads(fields: readonly FieldDefinition[], report: Report): void {
  const read = new Map<string, number>();
  const places = fields.flatMap((field, index) =>
    placesOf(field).map((pointer) => ({ index, pointer, tokens: parsePointer(pointer) ?? [] })),
  );
  for (const { tokens } of places) {
    const key = JSON.stringify(tokens);
    read.set(key, (read.get(key) ?? 0) + 1);
  }
  for (const { index, pointer, tokens } of places) {
    let count = 0;
    for (let length = 0; length <= tokens.length; length += 1) {
      count += read.get(JSON.stringify(tokens.slice(0, length))) ?? 0;
    }
    if (count <= MAX_READS) continue;
    const message = `reads ${pointer || 'the whole item'}, which more than ${MAX_READS} pointers read`;
    report(`${AT}/${index}/from`, message);
    return;
  }
}

function ownTextOf({ to, from, transforms }: FieldDefinition): number {
  const places = Array.isArray(from) ? from.length : 1;
  return to.length + Math.max(0, ...transforms.map((step) => longestText(step, places)));
}

function longestText(transform: TransformDefinition, places: number): number {
  switch (transform.name) {
    case 'default':
      return String(transform.value).length;
    case 'concat':
      return transform.separator.length * (places - 1);
    case 'enum-map': {
      const { values, otherwise = '' } = transform;
      return Math.max(otherwise.length, ...Object.values(values).map((text) => text.length));
    }
    default:
      return 0;
  }
}
