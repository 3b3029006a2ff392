import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalText, normaliseDecimals } from './decimals.ts';

describe('decimalText', () => {
  it.each<[unknown, string | undefined]>([
    ['12.50', '12.50'],
    [5, '5'],
    [-7, '-7'],
    [0, '0'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['+1.5', '1.5'],
    ['007.5', '7.5'],
    ['.5', '0.5'],
    ['1.25e1', '12.5'],
    ['1e3', '1000'],
    ['1.5E+3', '1500'],
    ['125e-2', '1.25'],
    ['1e-3', '0.001'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['1e77', undefined],
    ['1e-77', undefined],
    ['1e999999', undefined],
    ['', undefined],
    ['.', undefined],
    ['5.', undefined],
    ['-', undefined],
    ['e5', undefined],
    ['1,000.00', undefined],
    [' 1', undefined],
    ['0x10', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['١٢', undefined],
    [1.5, undefined],
    [2 ** 53, undefined],
    [true, undefined],
    [null, undefined],
    [{}, undefined],
  ])('%j is %j', (value, expected) => {
    expect(decimalText(value)).toBe(expected);
  });

  it('keeps every plain decimal as it is', () => {
    const plain = fc
      .tuple(fc.bigInt({ min: 1n, max: 10n ** 30n }), fc.stringMatching(/^\d{0,20}$/))
      .map(([whole, fraction]) => (fraction === '' ? `${whole}` : `${whole}.${fraction}`));
    fc.assert(fc.property(plain, (text) => decimalText(text) === text));
  });

  it('moves the point as exact integer arithmetic does', () => {
    const digits = fc.bigInt({ min: 1n, max: 10n ** 20n });
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 20 }), (whole, by) => {
        expect(decimalText(`${whole}e${by}`)).toBe(`${whole * 10n ** BigInt(by)}`);
        const [left = '', right = ''] = (decimalText(`${whole}e-${by}`) ?? '').split('.');
        expect(BigInt(left + right)).toBe(whole);
        expect(right).toHaveLength(by);
      }),
    );
  });
});

describe('normaliseDecimals', () => {
  const field = (scale?: number) => [{ tokens: ['a', '0', 'b'], scale }];

  it('copies only what leads to the field', () => {
    const item = { a: [{ b: 5, c: 1 }], other: { x: 1 } };
    const result = normaliseDecimals(item, field(2));
    expect(result).toStrictEqual({ a: [{ b: '5', c: 1 }], other: { x: 1 } });
    expect(item.a[0]?.b).toBe(5);
    expect((result as typeof item).other).toBe(item.other);
  });

  it.each<[string, unknown, number | undefined, string | undefined]>([
    ['as many digits as the scale', '1.25', 2, undefined],
    ['one digit more', '1.250', 2, '/a/0/b has more than 2 fraction digits.'],
    ['a scale of none', '1.0', 0, '/a/0/b has more than 0 fraction digits.'],
    ['a text', 'secret text', undefined, '/a/0/b is not a decimal.'],
    ['null', null, 2, undefined],
  ])('%s', (_name, b, scale, fault) => {
    const result = normaliseDecimals({ a: [{ b }] }, field(scale));
    expect(typeof result === 'string' ? result : undefined).toBe(fault);
  });

  it('leaves an absent field absent', () => {
    expect(normaliseDecimals({ a: [] }, field())).toStrictEqual({ a: [] });
  });
});
