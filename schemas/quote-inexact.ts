import {
  BACKSLASH,
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COMMA,
  LOWER_E,
  MINUS,
  NINE,
  OPENING_BRACE,
  OPENING_BRACKET,
  PLUS,
  POINT,
  QUOTE,
  UPPER_E,
  ZERO,
} from './character-codes.ts';

/** Fewer digits than these are exact in a double. */
export const UNSAFE_DIGITS = 16;
/** Deepest nesting read where numbers are quoted; payloads may be 64 levels deep. */
const MAX_NESTING = 10_000;

/**
 * The same JSON with every number a double cannot hold as written in quotes. Text that is no JSON
 * stays so: a number is only quoted where its spelling is whole and a value may stand.
 *
 * @throws RangeError when it nests deeper than MAX_NESTING
 */
export function quoteInexact(text: string): string {
  let quoted = '';
  let copied = 0;
  let depth = 0;
  for (let index = 0; index < text.length; ) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = afterString(text, index);
      continue;
    }
    if (code !== MINUS && (code < ZERO || code > NINE)) {
      if (code === OPENING_BRACKET || code === OPENING_BRACE) depth += 1;
      else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth -= 1;
      if (depth > MAX_NESTING) throw new RangeError('nested too deep');
      index += 1;
      continue;
    }
    const afterInteger = afterWhole(text, index);
    const end = afterExponent(text, afterFraction(text, afterInteger));
    const isWhole = end === afterInteger;
    if (!endsValue(text, end)) throw new SyntaxError('not JSON');
    if (end > index && !(isWhole && isExact(text, index, end))) {
      quoted += `${text.slice(copied, index)}"${text.slice(index, end)}"`;
      copied = end;
    }
    index = Math.max(end, index + 1);
  }
  return quoted + text.slice(copied);
}

/** Where the whole part of a number has ended; `start` itself when there is none. */
function afterWhole(text: string, start: number): number {
  const first = text.charCodeAt(start) === MINUS ? start + 1 : start;
  if (text.charCodeAt(first) === ZERO) return first + 1;
  const end = afterDigits(text, first);
  return end === first ? start : end;
}

function afterFraction(text: string, start: number): number {
  if (text.charCodeAt(start) !== POINT) return start;
  const end = afterDigits(text, start + 1);
  return end === start + 1 ? start : end;
}

function afterExponent(text: string, start: number): number {
  const letter = text.charCodeAt(start);
  if (letter !== LOWER_E && letter !== UPPER_E) return start;
  const sign = text.charCodeAt(start + 1);
  const first = sign === PLUS || sign === MINUS ? start + 2 : start + 1;
  const end = afterDigits(text, first);
  return end === first ? start : end;
}

function afterDigits(text: string, start: number): number {
  let end = start;
  for (let code = text.charCodeAt(end); code >= ZERO && code <= NINE; ) {
    end += 1;
    code = text.charCodeAt(end);
  }
  return end;
}

/** Whether a double holds the whole number as it is written. */
function isExact(text: string, start: number, end: number): boolean {
  const isMinusZero = text.charCodeAt(start) === MINUS && text.charCodeAt(start + 1) === ZERO;
  if (isMinusZero) return false;
  return end - start < UNSAFE_DIGITS || Number.isSafeInteger(Number(text.slice(start, end)));
}

/**
 * Whether a number may end here. Where it may not, the document is no JSON and need not be read on:
 * a run of zeros would be a number for each of them, and before a colon quotes would make a name.
 */
function endsValue(text: string, end: number): boolean {
  let next = end;
  while (isSpace(text.charCodeAt(next))) next += 1;
  const code = text.charCodeAt(next);
  return Number.isNaN(code) || code === COMMA || code === CLOSING_BRACKET || code === CLOSING_BRACE;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Where the string that begins here has ended. */
function afterString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charCodeAt(index) !== QUOTE) {
    index += text.charCodeAt(index) === BACKSLASH ? 2 : 1;
  }
  return index + 1;
}
