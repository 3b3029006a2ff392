import { isObject } from '#adapters/kit/json-body.ts';

/** An object of a body as received. Values are untrusted; unknown fields are kept. */
export type Fields = Readonly<Record<string, unknown>>;

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const GUID_LENGTH = 36;
/** What Zenoti sends where there is no id. */
const ZERO_GUID = '00000000-0000-0000-0000-000000000000';

/**
 * A GUID in lower case, so that one id has one spelling.
 *
 * @returns undefined when the value is no GUID, or the zero GUID
 */
export function guidOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length !== GUID_LENGTH) return undefined;
  const guid = value.toLowerCase();
  return GUID.test(guid) && guid !== ZERO_GUID ? guid : undefined;
}

/** The object at a name; an empty one where there is none. */
export function objectAt(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isObject(value) ? value : {};
}

/** An integer, as a number or as the text of one; undefined for anything else. */
export function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  // Minus zero is read back from JSON as zero.
  return Number.isSafeInteger(number) ? (number as number) + 0 : undefined;
}
