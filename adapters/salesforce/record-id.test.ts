import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeId } from './make-id.ts';
import { casedId, recordId } from './record-id.ts';

// The long forms were computed in Python from the description of the checksum, not by this code.

const PAIRS: readonly [short: string, long: string][] = [
  ['00D5g000004ABCD', '00D5g000004ABCDEA4'],
  ['0065g00000XyZab', '0065g00000XyZabAAF'],
  ['0035g00000QwErt', '0035g00000QwErtAAF'],
  ['04l5g00000AbCdE', '04l5g00000AbCdEAAV'],
  ['04k5g0000008XYZ', '04k5g0000008XYZAA2'],
  ['000000000000000', '000000000000000AAA'],
  ['ZZZZZZZZZZZZZZZ', 'ZZZZZZZZZZZZZZZ555'],
  ['zzzzzzzzzzzzzzz', 'zzzzzzzzzzzzzzzAAA'],
];

describe('a record id', () => {
  it.each(PAIRS)('%s is %s in its long form', (short, long) => {
    expect(recordId(short)).toBe(long);
    expect(recordId(long)).toBe(long);
    expect(casedId(long)).toBe(short);
  });

  it.each([
    ['nothing', undefined],
    ['a number', 65],
    ['an empty text', ''],
    ['fourteen characters', '0065g00000XyZa'],
    ['sixteen characters', '0065g00000XyZabA'],
    ['nineteen characters', '0065g00000XyZabAAFA'],
    ['a hyphen', '0065g00000XyZ-b'],
    ['a letter of another script', '0065g00000XyZаb'],
    ['a line end', '0065g00000XyZab\n'],
    ['a space in front', ' 0065g00000XyZab'],
    ['a checksum of another id', '0065g00000XyZabAAV'],
    ['a checksum in lower case', '0065g00000XyZabaaf'],
    ['a body in another case', '0065G00000XYZABAAF'],
    ['an array', ['0065g00000XyZab']],
  ])('is not %s', (_name, value) => {
    expect(recordId(value)).toBeUndefined();
  });

  it('tells ids apart that differ by case alone', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'abcdefXYZ019'),
      minLength: 15,
      maxLength: 15,
    });
    fc.assert(
      fc.property(text, (short) => {
        const long = recordId(short) ?? '';
        expect(long).toHaveLength(18);
        expect(recordId(long)).toBe(long);
        const swapped = short === short.toLowerCase() ? short.toUpperCase() : short.toLowerCase();
        if (swapped !== short) expect(recordId(swapped + long.slice(15))).toBeUndefined();
      }),
    );
  });

  it('is made for samples, another for each number', () => {
    const ids = [0, 1, 61, 62, 3843, 3844, 1_768_472_430_000].map((one) => makeId('006', one));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(recordId(id)).toBe(id);
  });
});
