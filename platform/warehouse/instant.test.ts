import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDate, parseInstant } from './instant.ts';

const instants: readonly [string, { seconds: number; micros: number }][] = [
  ['1970-01-01T00:00:00Z', { seconds: 0, micros: 0 }],
  ['1969-12-31T23:59:59.999999Z', { seconds: -1, micros: 999_999 }],
  ['2026-01-31T12:00:00.5Z', { seconds: 1_769_860_800, micros: 500_000 }],
  ['2026-01-31T12:00:00.000001Z', { seconds: 1_769_860_800, micros: 1 }],
  ['9999-12-31T23:59:59.999999Z', { seconds: 253_402_300_799, micros: 999_999 }],
  ['0001-01-01T00:00:00Z', { seconds: -62_135_596_800, micros: 0 }],
];

const notInstants = [
  '2026-02-29T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T23:60:00Z',
  '2016-12-31T23:59:60Z',
  '2026-00-10T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '2026-01-31T12:00:00',
  '2026-01-31T12:00:00+01:00',
  '2026-01-31T12:00:00.1234567Z',
  '2026-01-31',
  ' 2026-01-31T12:00:00Z',
];

const notDates = ['2026-02-30', '1900-02-29', '2026-13-01', '2026-04-31', '2026-1-1', '0000-01-01'];

describe('instants', () => {
  it.each(instants)('%s', (text, instant) => {
    expect(parseInstant(text)).toEqual(instant);
  });

  it.each(notInstants)('%s is none', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('are the ones Date knows', () => {
    const anyDate = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(anyDate, (date) => {
        const { seconds, micros } = parseInstant(date.toISOString()) ?? { seconds: 0, micros: 0 };
        expect(seconds * 1_000 + micros / 1_000).toBe(date.getTime());
      }),
    );
  });
});

describe('dates', () => {
  it.each([
    ['1970-01-01', 0],
    ['2026-01-02', 20_455],
    ['1969-12-31', -1],
    ['2000-02-29', 11_016],
  ] as const)('%s is day %i', (text, day) => {
    expect(parseDate(text)).toBe(day);
  });

  it.each(notDates)('%s is none', (text) => {
    expect(parseDate(text)).toBeUndefined();
  });
});
