import { InvalidJson } from './problems.ts';

/** Needs Node 21+: the third argument of a reviver holds the source text of a primitive. */
type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown;

/**
 * Parses JSON without losing a digit. A number with a fraction, an exponent, a minus zero, or more
 * digits than a double holds comes back as a string of its exact text; other integers as numbers.
 *
 * @param text one JSON document
 * @throws InvalidJson when it is not JSON, or nests too deep to be walked
 */
export function parseExact(text: string): unknown {
  try {
    return mayHoldInexact(text) ? parseWithSource(text, keepText) : JSON.parse(text);
  } catch (cause) {
    // The engine's message quotes the body, which may hold personal data: it is not passed on.
    const reason = cause instanceof RangeError ? 'it is nested too deep' : 'it does not parse';
    throw new InvalidJson(`The body is not valid JSON: ${reason}.`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
/** Fewer digits than these are exact in a double. */
const UNSAFE_DIGITS = 16;

/**
 * True when the text may hold a number that a double cannot hold as written: with a fraction or an
 * exponent, of sixteen digits or more, or minus zero. False is certain for any JSON text. One pass,
 * no allocation; the slow path costs eight times as much (docs/decisions/0004-exact-decimals.md).
 */
export function mayHoldInexact(text: string): boolean {
  const length = text.length;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index += 1;
      for (let inner = text.charCodeAt(index); index < length && inner !== QUOTE; ) {
        index += inner === BACKSLASH ? 2 : 1;
        inner = text.charCodeAt(index);
      }
    } else if (code === MINUS) {
      if (text.charCodeAt(index + 1) === ZERO) return true;
    } else if (code >= ZERO && code <= NINE) {
      const start = index;
      let next = text.charCodeAt(index + 1);
      while (next >= ZERO && next <= NINE) {
        index += 1;
        next = text.charCodeAt(index + 1);
      }
      if (next === POINT || next === LOWER_E || next === UPPER_E) return true;
      if (index - start + 1 >= UNSAFE_DIGITS) return true;
    }
  }
  return false;
}

function keepText(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context.source ?? String(value);
  return Number.isSafeInteger(value) && /^(?:0|-?[1-9]\d*)$/.test(source) ? value : source;
}
