import type { Random } from '#adapters/kit/sandbox/random.ts';
import { anyLength, hostileText, hostileWord } from './hostile-text.ts';

/*
 * JSON documents with something wrong at one place, and documents that are wrong as a whole. Values
 * are raw text, so that numbers can be spelled in ways no serialiser would.
 */

/** Longest document of nothing but tiny values: JSON.parse alone takes 50 ms for a MiB of some. */
const MAX_DENSE = 262_144;

const NUMBERS = [
  ...['0', '-0', '0.0', '-0.0', '1', '-1', '1.50', '12.500000000000000000001', '1e3', '1E+400'],
  ...['-1e-400', '9007199254740991', '9007199254740993', '253402300799999', '253402300800000'],
  ...['99999999999999999999999999', '1762075800123', '0.1e1', '4294967296', '2147483648'],
] as const;

const VALUES = [
  ...['null', 'true', 'false', '[]', '{}', '[[]]', '[null]', '[{}]', '{"":{}}', '{"length":1e9}'],
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}'],
  ...['{"toString":1}', '{"toJSON":{}}', '{"then":1}', '{"a":1,"a":"2"}', '"\\u0000"', '"\\ud800"'],
] as const;

/** Raw text of a value nobody expects. */
export function hostileValue(random: Random, limit: number): string {
  const dense = Math.min(limit, MAX_DENSE);
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
      return random.pick(NUMBERS);
    case 2:
    case 3:
      return random.pick(VALUES);
    case 4:
      return '9'.repeat(anyLength(random, limit)) + random.pick(['', '.5', 'e9', '.0']);
    case 5:
      return nested(random.pick(['[', '{"a":']), anyLength(random, dense / 8));
    case 6:
      return `[${repeated(random.pick(['0', '1.5', '""', '{}', '[]', '{"a":1.5}']), dense, random)}]`;
    case 7:
      return manyMembers(anyLength(random, dense / 16));
    default:
      return JSON.stringify(hostileText(random, limit));
  }
}

/** A whole body. */
export function hostileDocument(random: Random, limit: number): string {
  return random.next() < 0.5
    ? hostileValue(random, limit)
    : random.pick(['[', '{', '"', '{"a":', '[{', '\\', '{"\\u', 'tru', '-', '[1.', '{"a":1,}']) +
        hostileText(random, limit);
}

function nested(open: string, depth: number): string {
  return `${open.repeat(depth)}1.5${(open === '[' ? ']' : '}').repeat(depth)}`;
}

function repeated(value: string, limit: number, random: Random): string {
  const times = Math.floor(anyLength(random, limit) / (value.length + 1));
  return `${`${value},`.repeat(times)}1`;
}

function manyMembers(count: number): string {
  const members = Array.from({ length: count }, (_, index) => `"k${index}":1`);
  return `{${members.join(',')}${count > 0 ? ',' : ''}"x":1.5}`;
}

type Parent = Record<string, unknown> | unknown[];

interface Place {
  readonly parent: Parent;
  readonly key: string | number;
}

/**
 * The document with one place altered: a value replaced, removed, repeated, wrapped, renamed or
 * stated twice.
 *
 * @returns undefined where the document has no place: a single scalar
 */
export function alteredJson(document: unknown, random: Random, limit: number): string | undefined {
  const copy = structuredClone(document);
  const place = anyPlace(copy, random);
  if (place === undefined) return undefined;
  // No document holds this text, so that it can be exchanged for raw text afterwards.
  const mark = '\u0001fuzz\u0001';
  const raw = alter(place, mark, random, limit);
  const text = JSON.stringify(copy);
  return raw === undefined ? text : text.replace(JSON.stringify(mark), () => raw);
}

/** @returns raw text that goes where the mark was put */
function alter(
  { parent, key }: Place,
  mark: string,
  random: Random,
  limit: number,
): string | undefined {
  const value = (parent as Record<string, unknown>)[key];
  const put = (what: unknown) => Object.defineProperty(parent, key, { ...OWN, value: what });
  const spelled = JSON.stringify(value) ?? 'null';
  switch (random.integer(0, 7)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return undefined;
    case 1: {
      put(mark);
      const bound = isDense(spelled) ? Math.min(limit, MAX_DENSE) : limit;
      const times = Math.min(anyLength(random, 10_000), Math.floor(bound / (spelled.length + 1)));
      return Array.isArray(parent) ? `${`${spelled},`.repeat(times)}${spelled}` : `[${spelled}]`;
    }
    case 2:
      put(random.next() < 0.5 ? [value] : { value });
      return undefined;
    case 3: {
      if (Array.isArray(parent)) return undefined;
      delete parent[key];
      Object.defineProperty(parent, hostileWord(random), { ...OWN, value });
      return undefined;
    }
    case 4: {
      put(mark);
      const again = `${JSON.stringify(key)}:${hostileValue(random, limit)}`;
      return Array.isArray(parent) ? hostileValue(random, limit) : `${spelled},${again}`;
    }
    default:
      put(mark);
      return hostileValue(random, limit);
  }
}

/** Whether a value is of little but brackets and tiny values. */
function isDense(spelled: string): boolean {
  return (spelled.match(/[[\]{},]/g)?.length ?? 0) > spelled.length / 4;
}

const OWN = { configurable: true, enumerable: true, writable: true } as const;

/** Any place, each as likely as the others. */
function anyPlace(document: unknown, random: Random): Place | undefined {
  const places: Place[] = [];
  const visit = (parent: unknown) => {
    if (typeof parent !== 'object' || parent === null) return;
    for (const [name, value] of Object.entries(parent)) {
      places.push({ parent: parent as Parent, key: Array.isArray(parent) ? Number(name) : name });
      visit(value);
    }
  };
  visit(document);
  return places.length === 0 ? undefined : random.pick(places);
}
