import type { Random } from '#adapters/kit/sandbox/random.ts';

/*
 * Texts that have broken parsers before. Long ones are repetitions, so that making them costs
 * nothing beside checking them.
 */

/** Characters that regular expressions, numbers, paths and escapes stumble over in long runs. */
const RUNS = [
  ...['0', '9', '1.', '-', '+', 'e', ' ', '\t', '\n', '=', '/', '//', '\\', '%', '%2', '%25', '~1'],
  ...['a', 'A=', 'a.', 'a,', 'v1,', 't=1,', '[', ']', '{', '(', '<', '&', '&amp;', '"', "'", '\0'],
  ...['a@', ':', ';', '|', '*', '$1', '\u{1f680}', '\ud800', '\u0130', '\u202e', 'é'],
] as const;

/** Openings, and the most of them: JSON.parse alone takes 60 ms for a MiB. */
const NESTING = new Set<string>(['[', '{', '(', '<']);
const MAX_NESTING = 262_144;

const WORDS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then'],
  ...['', ' ', '0', '-0', '01', '1e3', '1e999', '12.50', '.5', '5.', '0x10', 'NaN', 'Infinity'],
  ...['null', 'true', 'undefined', '[object Object]', '9007199254740993', '-1', '1_000', '١٢'],
  ...['2026-02-30T00:00:00Z', '0000-00-00', '9999-12-31T23:59:59.999Z', '253402300800000'],
  ...['../..', '/a//b', '%00', '%ff%fe', '\u0000', '\ud800', '\ufeff', '\u2028', 'İ', 'ß'],
  ...['<!--', ']]>', '&lol;', '#{7*7}', "' OR 1=1 --", '#/a/b', 'v1,', 'Bearer ', 'sha256='],
] as const;

/** Lengths of long texts, most often short ones. */
export function anyLength(random: Random, limit: number): number {
  const power = random.next() ** 3;
  return Math.max(1, Math.floor(limit ** power));
}

/** A word that means something to somebody. */
export function hostileWord(random: Random): string {
  return random.pick(WORDS);
}

/** A run of one character or two, now and then with an end that makes it match nothing. */
export function longRun(random: Random, limit: number): string {
  const unit = random.pick(RUNS);
  const bound = NESTING.has(unit) ? Math.min(limit, MAX_NESTING) : limit;
  const end = random.next() < 0.5 ? '' : random.pick(['!', 'x', '\n', '"', '\0']);
  const times = Math.floor((anyLength(random, bound) - end.length) / unit.length);
  return unit.repeat(Math.max(1, times)) + end;
}

export function hostileText(random: Random, limit: number): string {
  return random.next() < 0.6 ? hostileWord(random) : longRun(random, limit);
}

/** Bytes that are mostly no text at all. */
export function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) bytes[index] = random.integer(0, 255);
  return bytes;
}

/** Sequences UTF-8 does not allow: stray, cut, too long, of a surrogate, past the last character. */
export const BROKEN_UTF8: readonly Buffer[] = [
  Buffer.from([0x80]),
  Buffer.from([0xc3]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
  Buffer.from([0xff, 0xfe]),
];
