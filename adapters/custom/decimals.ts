import { escapeToken, readTokens } from '#adapters/kit/json-pointer.ts';

export interface DecimalField {
  readonly tokens: readonly string[];
  /** Most fraction digits; undefined for any number. */
  readonly scale: number | undefined;
}

/** Most digits of a decimal: what a NUMERIC column of the widest kind holds. */
const MAX_DIGITS = 76;
const DECIMAL = /^([+-]?)(\d{0,76})(?:\.(\d{1,76}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Spells a decimal in its exact text without an exponent: `1.25e1` is `12.5`, `12.50` stays
 * `12.50`. Works on digits alone; no floating-point number is ever made.
 *
 * @param value a string, or an integer as `parseExact` leaves it
 * @returns the text, or undefined when the value is no decimal or too long
 */
export function decimalText(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const match = DECIMAL.exec(value);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = shift(whole, fraction, Number(exponent));
  if (digits === undefined) return undefined;
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

/** Moves the decimal point. @param by places to the right */
function shift(whole: string, fraction: string, by: number): string | undefined {
  if (Math.abs(by) > MAX_DIGITS) return undefined;
  const left = by < 0 ? whole.padStart(whole.length - by, '0') : whole;
  const right = by > 0 ? fraction.padEnd(by, '0') : fraction;
  const digits = left + right;
  const point = left.length + by;
  const integer = digits.slice(0, point).replace(/^0+(?=\d)/, '') || '0';
  const rest = digits.slice(point);
  if (integer.length + rest.length > MAX_DIGITS) return undefined;
  return rest === '' ? integer : `${integer}.${rest}`;
}

/**
 * Reads a decimal that must not have more fraction digits than `scale`; none are rounded away.
 *
 * @returns its exact text, or what is wrong: the end of a sentence, without the value
 */
export function readDecimal(
  value: unknown,
  scale: number | undefined,
): { readonly text: string } | { readonly fault: string } {
  const text = decimalText(value);
  if (text === undefined) return { fault: 'is not a decimal' };
  const digits = text.split('.')[1]?.length ?? 0;
  return scale !== undefined && digits > scale
    ? { fault: `has more than ${scale} fraction digits` }
    : { text };
}

/**
 * Copies an item with its decimal fields spelled exactly. Absent and null fields stay as they are.
 *
 * @returns the copy, or the text of what is wrong, which names the field and never its value
 */
export function normaliseDecimals(
  item: Readonly<Record<string, unknown>>,
  fields: readonly DecimalField[],
): Readonly<Record<string, unknown>> | string {
  let result: unknown = item;
  for (const { tokens, scale } of fields) {
    const value = readTokens(item, tokens);
    if (value === undefined || value === null) continue;
    const read = readDecimal(value, scale);
    if ('fault' in read) {
      return `${tokens.map((token) => `/${escapeToken(token)}`).join('')} ${read.fault}.`;
    }
    result = replaceAt(result, tokens, read.text);
  }
  return result as Readonly<Record<string, unknown>>;
}

/** A copy of the document with the value at an existing place replaced; shares what is unchanged. */
function replaceAt(document: unknown, tokens: readonly string[], value: string): unknown {
  const [token, ...rest] = tokens;
  if (token === undefined) return value;
  if (Array.isArray(document)) {
    return document.with(Number(token), replaceAt(document[Number(token)], rest, value));
  }
  const object = document as Record<string, unknown>;
  return { ...object, [token]: replaceAt(object[token], rest, value) };
}
