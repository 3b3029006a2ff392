import { describe, expect, it } from 'vitest';
import { isStorableJson } from './storable.ts';

const cases: readonly { name: string; json: unknown; storable: boolean }[] = [
  { name: 'text of any script', json: 'Zoë 東京 🚀 \n', storable: true },
  { name: 'values that are no text', json: [null, 1, true, { a: {} }], storable: true },
  { name: 'the escape of the character 0 as text', json: '\\u0000', storable: true },
  { name: 'the character 0', json: 'a\0b', storable: false },
  { name: 'the character 0 far down', json: { a: [{ b: '\0' }] }, storable: false },
  { name: 'the character 0 in a name', json: { 'a\0': 1 }, storable: false },
  { name: 'half a surrogate pair', json: ['\ud83d'], storable: false },
];

describe('what Postgres can hold', () => {
  it.each(cases)('$name → $storable', ({ json, storable }) => {
    expect(isStorableJson(json)).toBe(storable);
  });
});
