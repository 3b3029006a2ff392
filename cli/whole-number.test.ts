import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { eventCount, wholeNumber, wholeNumberOrNone } from './whole-number.ts';

describe('numbers of options', () => {
  it.each(['1', '50', '999999'])('takes %s', (text) => {
    expect(wholeNumber(text)).toBe(Number(text));
  });
  it.each(['', '0', '-1', '1.5', '1e3', '0x10', ' 1', '01', '1000000', 'many', 'NaN'])(
    'refuses "%s"',
    (text) => {
      expect(() => wholeNumber(text)).toThrow(InvalidArgumentError);
    },
  );
  it('takes 0 where it may be', () => {
    expect(wholeNumberOrNone('0')).toBe(0);
    expect(wholeNumberOrNone('7')).toBe(7);
    expect(() => wholeNumberOrNone('-1')).toThrow(InvalidArgumentError);
  });
});

describe('counts of events', () => {
  it.each(['1', '1000000', '999999999', '1000000000'])('take %s', (text) => {
    expect(eventCount(text)).toBe(Number(text));
  });
  it.each(['', '0', '-1', '1e6', '1000000001', '9999999999'])('refuse "%s"', (text) => {
    expect(() => eventCount(text)).toThrow(InvalidArgumentError);
  });
});
