import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InstantFormat, parseInstant } from './instant.ts';

describe('parseInstant', () => {
  it.each<[InstantFormat, string, string | undefined]>([
    ['iso8601', '2026-07-25T14:52:06.769417Z', '2026-07-25T14:52:06.769Z'],
    ['iso8601', '2026-07-25T14:52:06.9999999Z', '2026-07-25T14:52:06.999Z'],
    ['iso8601', '2026-07-25T14:52:06+05:30', '2026-07-25T09:22:06.000Z'],
    ['iso8601', '2026-07-25 14:52:06-0700', '2026-07-25T21:52:06.000Z'],
    ['iso8601', '2026-07-25T14:52Z', '2026-07-25T14:52:00.000Z'],
    ['iso8601', '2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z'],
    ['iso8601', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['iso8601', '2026-02-29T00:00:00Z', undefined],
    ['iso8601', '2026-13-01T00:00:00Z', undefined],
    ['iso8601', '2026-07-25T24:00:00Z', undefined],
    ['iso8601', '2026-07-25T14:52:06', undefined],
    ['iso8601', '2026-07-25', undefined],
    ['iso8601', '1969-12-31T23:59:59Z', undefined],
    ['iso8601', '+010000-01-01T00:00:00Z', undefined],
    ['iso8601', 'now', undefined],
    ['s', '1700000000', '2023-11-14T22:13:20.000Z'],
    ['s', '1700000000.123999', '2023-11-14T22:13:20.123Z'],
    ['s', '1700000000.5', '2023-11-14T22:13:20.500Z'],
    ['s', '-1', undefined],
    ['s', '17e8', undefined],
    ['s', '999999999999', undefined],
    ['ms', '1700000000001', '2023-11-14T22:13:20.001Z'],
    ['ms', '1700000000001.9', '2023-11-14T22:13:20.001Z'],
    ['ms', '', undefined],
    ['ms', '0x10', undefined],
  ])('%s %s', (format, text, expected) => {
    const ms = parseInstant(text, format);
    expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(expected);
  });

  it('reads a text without an offset as UTC when told to', () => {
    expect(parseInstant('2026-07-25T16:15:00', 'iso8601', true)).toBe(
      Date.parse('2026-07-25T16:15:00Z'),
    );
  });

  it('agrees with the engine on every instant it can spell', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        expect(parseInstant(new Date(ms).toISOString(), 'iso8601')).toBe(ms);
      }),
    );
  });
});
