/** Longest pointer read, in characters. */
export const MAX_POINTER_LENGTH = 512;

/** Names that reach a prototype; no document has a reason to be asked for them. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,9})$/;

/**
 * Splits a JSON Pointer (RFC 6901) into its tokens, unescaped.
 *
 * @returns the tokens, none for the whole document; undefined when the text is no pointer, is too
 *   long, or names a prototype
 */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return [];
  if (text.length > MAX_POINTER_LENGTH || !text.startsWith('/') || /~(?![01])/.test(text)) {
    return undefined;
  }
  // "~01" is "~1": the slash is unescaped first, as section 4 demands.
  const tokens = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return tokens.some((token) => FORBIDDEN.has(token)) ? undefined : tokens;
}

/**
 * Reads the value tokens lead to. Only own properties and existing array elements are found.
 *
 * @returns the value, or undefined when there is none
 */
export function readTokens(document: unknown, tokens: readonly string[]): unknown {
  let value = document;
  for (const token of tokens) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) {
      value = ARRAY_INDEX.test(token) ? value[Number(token)] : undefined;
    } else {
      value = Object.hasOwn(value, token) ? (value as Record<string, unknown>)[token] : undefined;
    }
  }
  return value;
}

/** Spells a name as one token of a pointer. */
export function escapeToken(name: string | number): string {
  return String(name).replaceAll('~', '~0').replaceAll('/', '~1');
}
