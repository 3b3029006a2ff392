import { InvalidJson } from './problems.ts';

/**
 * A number literal a double may not hold as written, in a place where JSON allows a number: it has
 * a fraction or an exponent, or sixteen digits or more, or is minus zero. May also match inside a
 * string; that only costs the slow path. Linear: no part can match the same text in two ways.
 */
const INEXACT_LITERAL = /(?:^|[:,[])[ \t\n\r]*(?:-0|-?\d{16}|-?\d{1,15}[.eE])/;

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

/** True when the text may hold a number that a double cannot; false is certain. */
export function mayHoldInexact(text: string): boolean {
  return INEXACT_LITERAL.test(text);
}

function keepText(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context.source ?? String(value);
  return Number.isSafeInteger(value) && /^(?:0|-?[1-9]\d*)$/.test(source) ? value : source;
}
