import { describe, expect, it } from 'vitest';
import { checkHostile } from './hostile-schema.ts';
import { compileItemSchema } from './item-schema.ts';

const nested = (depth: number): Record<string, unknown> =>
  depth === 0 ? { type: 'string' } : { properties: { a: nested(depth - 1) } };

/** Each definition names the next one twice: 2^30 subschemas in thirty lines. */
const doubling = {
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [
      `d${n}`,
      n === 29
        ? { type: 'string' }
        : { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
    ]),
  ),
};

describe('hostile schemas are refused', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['a pattern', { properties: { a: { pattern: '(a+)+$' } } }, '/properties/a/pattern'],
    ['pattern properties', { patternProperties: { '(a+)+$': true } }, '/patternProperties'],
    ['a format', { items: { format: 'regex' } }, '/items/format'],
    ['unique items', { uniqueItems: true }, '/uniqueItems'],
    ['a remote reference', { $ref: 'https://evil.example/schema.json' }, '/$ref'],
    ['a file reference', { $ref: 'file:///etc/passwd' }, '/$ref'],
    ['a reference to the root', { $ref: '#' }, '/$ref'],
    ['a dynamic reference', { $dynamicRef: '#a' }, '/$dynamicRef'],
    ['a name of its own', { $id: 'https://json-schema.org/draft/2020-12/schema' }, '/$id'],
    ['an unknown keyword', { anyof: [] }, '/anyof'],
    ['a keyword of Object.prototype', { toString: 1 }, '/toString'],
    ['floating-point steps', { multipleOf: 0.01 }, '/multipleOf'],
    ['an asynchronous schema', { $async: true }, '/$async'],
    ['a prototype as a property', JSON.parse('{"properties":{"__proto__":true}}'), '/properties'],
    ['a subschema that is none', { not: 5 }, '/not'],
    ['a list that is none', { allOf: {} }, '/allOf'],
    ['deep nesting', nested(17), '/properties/a'.repeat(17)],
    ['a circle', { $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/a' } } } }, ''],
    ['a missing definition', { $ref: '#/$defs/toString' }, ''],
    ['references that double', doubling, ''],
    ['a long text', { description: 'x'.repeat(33_000) }, ''],
  ])('%s', (_name, schema, pointer) => {
    expect(checkHostile(schema).map((fault) => fault.pointer)).toStrictEqual([pointer]);
  });
});

describe('schemas of items', () => {
  const schema = {
    type: 'object',
    required: ['id', 'amount'],
    properties: {
      id: { type: 'string', minLength: 1 },
      amount: { $ref: '#/$defs/decimal' },
      lines: { type: 'array', items: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
    },
    $defs: { decimal: { type: ['string', 'integer'] } },
  };
  const check = compileItemSchema({ schema, onInvalid: 'quarantine' }, 'inputSchema', () =>
    expect.unreachable(),
  );

  it.each<[string, unknown, string | undefined]>([
    ['a fitting item', { id: 'a', amount: '1.50', lines: [1, null] }, undefined],
    ['a missing field', { id: 'a' }, '#/required'],
    ['a field of another type', { id: 5, amount: 1 }, '#/properties/id/type'],
    ['a fault behind a reference', { id: 'a', amount: true }, 'type'],
    ['an inherited property is missing', { id: 'a', toString: 1 }, '#/required'],
  ])('%s', (_name, item, rule) => {
    if (rule === undefined) expect(check(item)).toBeUndefined();
    else expect(check(item)).toContain(rule);
  });

  it('finds required names among own properties only', () => {
    const own = compileItemSchema(
      { schema: { required: ['valueOf'] }, onInvalid: 'quarantine' },
      'inputSchema',
      () => expect.unreachable(),
    );
    expect(own({})).toContain('#/required');
  });

  it('reports a schema that ajv refuses', () => {
    const faults: string[] = [];
    const report = (at: string) => faults.push(at);
    compileItemSchema({ schema: { type: 'strnig' }, onInvalid: 'fail' }, 'inputSchema', report);
    expect(faults).toStrictEqual(['/definition/extract/inputSchema/schema']);
  });
});
