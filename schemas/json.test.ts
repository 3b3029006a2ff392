import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findInexact } from './exact.ts';
import { mayHoldInexact, parseExact } from './json.ts';
import { InvalidJson } from './problems.ts';

const numbers: readonly { literal: string; expected: number | string }[] = [
  { literal: '0', expected: 0 },
  { literal: '-0', expected: '-0' },
  { literal: '-0.0', expected: '-0.0' },
  { literal: '7', expected: 7 },
  { literal: '-12', expected: -12 },
  { literal: '12.50', expected: '12.50' },
  { literal: '12.5', expected: '12.5' },
  { literal: '1.0', expected: '1.0' },
  { literal: '0.1', expected: '0.1' },
  { literal: '33.333333', expected: '33.333333' },
  { literal: '1e2', expected: '1e2' },
  { literal: '1E+2', expected: '1E+2' },
  { literal: '1e400', expected: '1e400' },
  { literal: '-1e-400', expected: '-1e-400' },
  { literal: '9007199254740991', expected: 9_007_199_254_740_991 },
  { literal: '9007199254740993', expected: '9007199254740993' },
  { literal: '-9007199254740992', expected: '-9007199254740992' },
  { literal: '12345678901234567890', expected: '12345678901234567890' },
  { literal: `0.${'1'.repeat(60)}`, expected: `0.${'1'.repeat(60)}` },
];

const places: readonly {
  name: string;
  wrap: (literal: string) => string;
  read: (value: never) => unknown;
}[] = [
  { name: 'alone', wrap: (n) => n, read: (value) => value },
  { name: 'with space around it', wrap: (n) => ` \n\t${n}\r\n`, read: (value) => value },
  { name: 'as a member', wrap: (n) => `{"a":${n}}`, read: (value: { a: unknown }) => value.a },
  {
    name: 'after space',
    wrap: (n) => `{"a" : \n ${n} }`,
    read: (value: { a: unknown }) => value.a,
  },
  { name: 'first in a list', wrap: (n) => `[${n},1]`, read: (value: unknown[]) => value[0] },
  { name: 'later in a list', wrap: (n) => `[1,${n}]`, read: (value: unknown[]) => value[1] },
  { name: 'deep down', wrap: (n) => `${'[{"a":'.repeat(30)}${n}${'}]'.repeat(30)}`, read: deepest },
];

function deepest(value: unknown): unknown {
  let current = value;
  while (Array.isArray(current)) current = (current[0] as { a: unknown }).a;
  return current;
}

describe('parseExact', () => {
  for (const { name, wrap, read } of places) {
    it.each(numbers)(`keeps $literal exact, ${name}`, ({ literal, expected }) => {
      expect(read(parseExact(wrap(literal)) as never)).toStrictEqual(expected);
    });
  }

  it('leaves numbers inside strings alone', () => {
    const text = '{"a":"12.50","b":"x, 1.5e3","c":"[1.0]","d":": 12345678901234567890"}';
    expect(parseExact(text)).toStrictEqual(JSON.parse(text));
  });

  it('keeps a member named __proto__ as data', () => {
    const value = parseExact('{"__proto__":{"a":1.5}}') as object;
    expect(JSON.stringify(value)).toBe('{"__proto__":{"a":"1.5"}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each([
    ['nothing', ''],
    ['an open object', '{"a":1'],
    ['a leading zero', '{"a":01}'],
    ['a bare point', '[1.]'],
    ['a bare minus', '[-]'],
    ['a point without a digit before it', '[.5]'],
    ['an exponent without digits', '[1.5e]'],
    ['a number of two points', '[1.5.5]'],
    ['a decimal as a name', '{1.5:2}'],
    ['a decimal as a name, with space after it', '{1.5 \n:2}'],
    ['a decimal beside text', '[1.5"a"]'],
    ['two decimals without a comma', '[1.5 2.5]'],
    ['a decimal in an open string', '["a, 1.5'],
    ['text after the end', '1 2'],
    ['nesting that would exhaust the stack', `${'['.repeat(200_000)}1.5${']'.repeat(200_000)}`],
  ])('refuses %s without quoting it', (_name, text) => {
    expect(() => parseExact(text)).toThrow(InvalidJson);
    try {
      parseExact(text);
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(100);
    }
  });

  it('agrees with its slow path on every document: the fast check never misses a number', () => {
    const integer = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String);
    const fraction = fc
      .tuple(integer, fc.stringMatching(/^\d{1,25}$/))
      .map(([a, b]) => `${a}.${b}`);
    const exponent = fc
      .tuple(fc.oneof(integer, fraction), fc.constantFrom('e', 'E', 'e+', 'e-'), fc.nat(500))
      .map((parts) => parts.join(''));
    const literal = fc.oneof(fc.constant('-0'), integer, fraction, exponent);
    const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/);
    const { document } = fc.letrec((tie) => ({
      document: fc.oneof(
        { maxDepth: 4 },
        literal,
        fc.string().map((text) => JSON.stringify(text)),
        fc.constantFrom('true', 'false', 'null'),
        fc
          .array(
            fc.tuple(space, tie('document'), space).map((parts) => parts.join('')),
            { maxLength: 4 },
          )
          .map((items) => `[${items.join(',')}]`),
        fc
          .array(
            fc
              .tuple(fc.string(), space, tie('document'), space)
              .map(
                ([key, before, value, after]) =>
                  `${JSON.stringify(key)}${before}:${before}${value}${after}`,
              ),
            { maxLength: 4 },
          )
          .map((members) => `{${members.join(',')}}`),
      ),
    }));
    fc.assert(
      fc.property(document as fc.Arbitrary<string>, (text) => {
        const value = parseExact(text);
        expect(findInexact(value)).toBeUndefined();
        // Every number literal of the document stands in the result, digit by digit.
        expect(literalsOf(JSON.stringify(value).replaceAll(/"(-?\d[\d.eE+-]*)"/g, '$1'))).toEqual(
          literalsOf(withoutRepeatedKeys(text).replaceAll(/"(-?\d[\d.eE+-]*)"/g, '$1')),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what JSON.parse refuses, whatever is done to a document', () => {
    const text = '{"a":1.50,"b":[-0,12345678901234567890,{"c":"1.5 \\" 2.5"}],"d":1e3}';
    const edit = fc.tuple(
      fc.nat(text.length),
      fc.nat(3),
      fc.stringMatching(/^[-+.eE0-9:,"\\{}[\] ]{0,4}$/),
    );
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const edited = edits.reduce(
          (one, [at, drop, insert]) => one.slice(0, at) + insert + one.slice(at + drop),
          text,
        );
        const parses = (parse: (one: string) => unknown) => {
          try {
            parse(edited);
            return true;
          } catch {
            return false;
          }
        };
        expect(parses(parseExact)).toBe(parses(JSON.parse));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes the fast path for bodies that hold ids and text only', () => {
    const body = JSON.stringify([
      {
        eventId: 3_181_526_809,
        occurredAt: 1_762_075_800_123,
        propertyValue: '1500.10',
        note: 'v1.2',
      },
    ]);
    expect(mayHoldInexact(body)).toBe(false);
  });
});

/** JSON keeps the last of repeated members; the oracle must do the same. */
function withoutRepeatedKeys(text: string): string {
  const keep = (_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? `\u0000${context.source}\u0000` : value;
  const parsed = (JSON.parse as (text: string, reviver: typeof keep) => unknown)(text, keep);
  return JSON.stringify(parsed).replaceAll(/"\\u0000([^"]*?)\\u0000"/g, '$1');
}

function literalsOf(json: string): string[] {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d[\d.eE+-]*/g) ?? [];
}
