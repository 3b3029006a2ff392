import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeToken, parsePointer, readTokens } from './json-pointer.ts';

function read(document: unknown, pointer: string): unknown {
  const tokens = parsePointer(pointer);
  if (tokens === undefined) throw new Error(`not a pointer: ${pointer}`);
  return readTokens(document, tokens);
}

/** The document of RFC 6901, section 5. */
const rfcDocument = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

describe('RFC 6901, section 5', () => {
  it.each([
    ['', rfcDocument],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ])('%j', (pointer, value) => {
    expect(read(rfcDocument, pointer)).toStrictEqual(value);
  });
});

describe('parsePointer', () => {
  it.each(['foo', '#/foo', '/a~', '/a~2b', '/__proto__', '/a/constructor/b', '/prototype'])(
    'refuses %j',
    (text) => expect(parsePointer(text)).toBeUndefined(),
  );

  it('refuses a pointer that is too long', () => {
    expect(parsePointer(`/${'a'.repeat(512)}`)).toBeUndefined();
  });

  it('unescapes once: ~01 is ~1', () => {
    expect(parsePointer('/~01')).toStrictEqual(['~1']);
  });
});

describe('readTokens', () => {
  it.each([
    ['/toString', {}],
    ['/length', ['a']],
    ['/-', ['a']],
    ['/1', ['a']],
    ['/00', ['a']],
    ['/0', 'text'],
    ['/a/b', { a: null }],
  ])('%j finds nothing in %j', (pointer, document) => {
    expect(read(document, pointer)).toBeUndefined();
  });

  it('finds every value by the path that leads to it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }), (names) => {
        const safe = names.filter((name) => !/^(?:__proto__|constructor|prototype)$/.test(name));
        const document = safe.reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'found');
        const pointer = safe.map((name) => `/${escapeToken(name)}`).join('');
        expect(read(document, pointer)).toBe('found');
      }),
    );
  });
});
