import { InvalidBody } from '#schemas/problems.ts';

/** A field of a form, decoded. */
export type FormField = readonly [name: string, value: string];

/**
 * Parses `application/x-www-form-urlencoded` as browsers and `URLSearchParams` do: in order, empty
 * parts left out, escapes that are none kept. It counts before it decodes, so that a body of
 * nothing but separators costs no more than any other.
 *
 * @throws InvalidBody when there are more than `maxFields`
 */
export function parseForm(text: string, maxFields: number): FormField[] {
  const parts = splitAtMost(text, maxFields);
  if (parts === undefined) {
    throw new InvalidBody(`The form holds more than ${maxFields} fields.`);
  }
  return parts.map((part) => {
    const mark = part.indexOf('=');
    return mark < 0
      ? [decode(part), '']
      : [decode(part.slice(0, mark)), decode(part.slice(mark + 1))];
  });
}

/** The parts that are not empty; undefined when there are more than `most`. */
function splitAtMost(text: string, most: number): string[] | undefined {
  const parts: string[] = [];
  for (let start = afterSeparators(text, 0); start < text.length; ) {
    if (parts.length === most) return undefined;
    const next = text.indexOf('&', start);
    const end = next < 0 ? text.length : next;
    parts.push(text.slice(start, end));
    start = afterSeparators(text, end);
  }
  return parts;
}

function afterSeparators(text: string, start: number): number {
  let index = start;
  while (text.charCodeAt(index) === SEPARATOR) index += 1;
  return index;
}

const SEPARATOR = 0x26;
const PLUS = 0x2b;
const SPACE = 0x20;

function decode(text: string): string {
  const spaced = text.includes('+') ? withSpaces(text) : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Not all escapes are ones, or they spell no UTF-8: the lenient way knows what is usual then.
    return new URLSearchParams(`v=${text}`).get('v') ?? '';
  }
}

/** Byte by byte: a million replacements in a text take a hundred times as long. */
function withSpaces(text: string): string {
  const bytes = Buffer.from(text);
  for (let index = bytes.indexOf(PLUS); index >= 0 && index < bytes.length; index += 1) {
    if (bytes[index] === PLUS) bytes[index] = SPACE;
  }
  return bytes.toString('utf8');
}
