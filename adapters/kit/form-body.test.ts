import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidBody } from '#schemas/problems.ts';
import { parseForm } from './form-body.ts';

describe('parseForm', () => {
  it.each([
    ['', []],
    [
      'a=1&b=2&a=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    ],
    ['&&a=1&&', [['a', '1']]],
    ['a', [['a', '']]],
    ['=b', [['', 'b']]],
    ['a=b=c', [['a', 'b=c']]],
    ['a+b=c%2Bd+e', [['a b', 'c+d e']]],
    [
      'total=12.50&name=Zo%C3%AB',
      [
        ['total', '12.50'],
        ['name', 'Zoë'],
      ],
    ],
    [
      'a=100%&b=%zz',
      [
        ['a', '100%'],
        ['b', '%zz'],
      ],
    ],
    ['__proto__=1', [['__proto__', '1']]],
  ])('%j', (text, fields) => {
    expect(parseForm(text, 10)).toEqual(fields);
  });

  it('reads what URLSearchParams reads', () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9=+%&.ë-]{0,12}$/);
    fc.assert(
      fc.property(part, (text) => {
        expect(parseForm(text, 100)).toEqual([...new URLSearchParams(text)]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses too many fields, and counts no empty ones', () => {
    expect(parseForm(`${'&'.repeat(1_000)}a=1&b=2`, 2)).toHaveLength(2);
    expect(() => parseForm('a&b&c', 2)).toThrow(InvalidBody);
  });

  it.each(['&', '+', '%', 'a&', '&='])('is quick with a mebibyte of %j', (text) => {
    const body = text.repeat(1_048_576 / text.length);
    const startedAt = performance.now();
    try {
      parseForm(body, 1_000);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidBody);
    }
    expect(performance.now() - startedAt).toBeLessThan(250);
  });
});
