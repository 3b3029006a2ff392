import { describe, expect, it } from 'vitest';
import { typeOf } from './client-types.ts';

const cases = [
  { name: 'text', schema: { type: 'string' }, type: 'string' },
  { name: 'a whole number', schema: { type: 'integer' }, type: 'number' },
  { name: 'some words', schema: { type: 'string', enum: ['a', "b'c"] }, type: "'a' | 'b\\'c'" },
  { name: 'one value', schema: { const: true }, type: 'true' },
  { name: 'anything', schema: {}, type: 'unknown' },
  {
    name: 'something or null',
    schema: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    type: 'number | null',
  },
  { name: 'several types', schema: { type: ['string', 'null'] }, type: 'string | null' },
  {
    name: 'a list of choices',
    schema: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
    type: '(string | null)[]',
  },
  {
    name: 'a shared shape',
    schema: { $ref: '#/components/schemas/Event' },
    type: "components['schemas']['Event']",
  },
  {
    name: 'a map',
    schema: { type: 'object', additionalProperties: { type: 'integer' } },
    type: 'Record<string, number>',
  },
  {
    name: 'fields',
    schema: {
      type: 'object',
      properties: {
        a: { type: 'string', description: 'Ends */ here.' },
        'b-c': { type: 'boolean' },
      },
      required: ['a'],
    },
    type: "{\n  /** Ends * / here. */\n  a: string;\n  'b-c'?: boolean;\n}",
  },
  {
    name: 'all of several',
    schema: { allOf: [{ type: 'object' }, { $ref: '#/components/schemas/A' }] },
    type: "(Record<string, unknown>) & (components['schemas']['A'])",
  },
];

describe('a schema as a type', () => {
  it.each(cases)('$name', ({ schema, type }) => {
    expect(typeOf(schema)).toBe(type);
  });
});
