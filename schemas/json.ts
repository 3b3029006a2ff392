import { BACKSLASH, LOWER_E, MINUS, NINE, POINT, QUOTE, UPPER_E, ZERO } from './character-codes.ts';
import { InvalidJson } from './problems.ts';
import { quoteInexact, UNSAFE_DIGITS } from './quote-inexact.ts';

/**
 * Parses JSON without losing a digit. A number with a fraction, an exponent, a minus zero, or more
 * digits than a double holds comes back as a string of its exact text; other integers as numbers.
 *
 * @param text one JSON document
 * @throws InvalidJson when it is not JSON, or nests too deep to be walked
 */
export function parseExact(text: string): unknown {
  try {
    return JSON.parse(mayHoldInexact(text) ? quoteInexact(text) : text);
  } catch (cause) {
    // The engine's message quotes the body, which may hold personal data: it is not passed on.
    const reason = cause instanceof RangeError ? 'it is nested too deep' : 'it does not parse';
    throw new InvalidJson(`The body is not valid JSON: ${reason}.`);
  }
}

/**
 * True when the text may hold a number that a double cannot hold as written: with a fraction or an
 * exponent, of sixteen digits or more, or minus zero. False is certain for any JSON text. One pass,
 * no allocation (docs/decisions/0004-exact-decimals.md).
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
