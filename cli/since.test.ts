// What an option --since takes.
import { expect, it } from 'vitest';
import { sinceInstant } from './since.ts';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');

it.each([
  { text: '30m', instant: '2026-01-31T11:30:00.000Z' },
  { text: '6h', instant: '2026-01-31T06:00:00.000Z' },
  { text: '7d', instant: '2026-01-24T12:00:00.000Z' },
  { text: '2026-01-30T12:00:00+01:00', instant: '2026-01-30T12:00:00+01:00' },
])('$text', ({ text, instant }) => {
  expect(sinceInstant(text, NOW)).toBe(instant);
});

it.each([
  '',
  '0m',
  '1w',
  '-1h',
  '1.5h',
  'yesterday',
  '2026-01-30',
  '2026-13-30T12:00:00Z',
  '123456d',
])('refuses "%s"', (text) => {
  expect(() => sinceInstant(text, NOW)).toThrow('--since');
});
