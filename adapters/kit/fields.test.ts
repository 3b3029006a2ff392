import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FIELDS } from './field-meta.ts';
import { type Field, fieldsOf, holdsSecret } from './fields.ts';

const token = () => z.string().register(FIELDS, { label: 'Token', secret: true });
const node: z.ZodType = z.lazy(() => z.object({ child: node.optional(), token: token() }));

/** A schema of one field, and what must be said of it besides its name. */
const SHAPES: readonly [name: string, schema: z.ZodType, field: Partial<Field>][] = [
  ['a text', z.string(), { type: 'string', widget: 'text', required: true }],
  ['limits', z.string().min(2).max(9).regex(/^a/), { min: 2, max: 9, pattern: '^a' }],
  ['an optional text', z.string().optional(), { widget: 'text', required: false }],
  ['a text or null', z.string().nullable(), { widget: 'text', type: 'string', required: true }],
  ['a limited text or null', z.string().max(3).nullish(), { widget: 'text', max: 3 }],
  ['a default', z.string().default('x'), { default: 'x', required: false }],
  ['a help', z.string().describe('Why.').default('x'), { help: 'Why.', default: 'x' }],
  ['a URL', z.url(), { type: 'string', widget: 'url' }],
  ['an overwritten text', z.string().toLowerCase().trim(), { widget: 'text' }],
  ['an integer', z.int(), { type: 'integer', widget: 'number' }],
  ['a positive integer', z.int().positive(), { type: 'integer', min: 1 }],
  ['bounds', z.int().min(0).max(300), { min: 0, max: 300 }],
  ['open bounds', z.int().gt(0).lt(10), { min: 1, max: 9 }],
  ['a number', z.number().min(0.5), { type: 'number', widget: 'number', min: 0.5 }],
  ['a switch', z.boolean().default(true), { type: 'boolean', widget: 'switch', default: true }],
  ['a literal', z.literal('a'), { widget: 'choice', choices: [{ value: 'a', title: 'a' }] }],
  [
    'a choice',
    z.enum(['a', 'b']).register(FIELDS, { label: 'C', titles: { a: 'First' } }),
    {
      type: 'string',
      widget: 'choice',
      label: 'C',
      choices: [
        { value: 'a', title: 'First' },
        { value: 'b', title: 'b' },
      ],
    },
  ],
  [
    'literals',
    z.union([z.literal('a'), z.enum(['b', 'a']), z.null()]),
    {
      widget: 'choice',
      choices: [
        { value: 'a', title: 'a' },
        { value: 'b', title: 'b' },
      ],
    },
  ],
  ['numbers to choose from', z.literal([1, 2]), { type: 'number', widget: 'choice' }],
  ['a choice of two kinds', z.literal(['a', 1]), { type: 'any', widget: 'json' }],
  ['a text or a number', z.union([z.int(), z.string().max(5)]), { widget: 'text', max: 5 }],
  [
    'true as a text too',
    z.union([z.enum(['true', 'false']), z.boolean()]),
    { type: 'string', widget: 'choice' },
  ],
  ['a text or an object', z.union([z.string(), z.object({})]), { type: 'any', widget: 'json' }],
  ['a number or a switch', z.union([z.number(), z.boolean()]), { type: 'any', widget: 'json' }],
  ['lines', z.array(z.string()).max(3), { type: 'array', widget: 'lines', max: 3 }],
  ['lines of URLs', z.array(z.url()), { widget: 'lines' }],
  ['a list of choices', z.array(z.enum(['a'])), { widget: 'list' }],
  ['a list of objects', z.array(z.object({ a: z.string() })).min(1), { widget: 'list', min: 1 }],
  ['a list of lists', z.array(z.array(z.string())), { widget: 'list' }],
  ['a list of anything', z.array(z.unknown()), { type: 'array', widget: 'json' }],
  ['a tuple', z.tuple([z.string(), z.int()]), { type: 'array', widget: 'json' }],
  ['an object', z.object({ a: z.string() }), { type: 'object', widget: 'fields' }],
  ['an empty object', z.strictObject({}), { type: 'object', widget: 'fields', fields: [] }],
  ['an object and more', z.object({ a: z.string() }).catchall(z.int()), { widget: 'json' }],
  ['a record', z.record(z.string(), z.int()), { type: 'object', widget: 'json' }],
  ['objects told apart', z.discriminatedUnion('t', [z.object({ t: z.literal(1) })]), {}],
  [
    'one of two objects',
    z.union([z.object({ a: z.int() }), z.object({ b: z.int() })]),
    { widget: 'json' },
  ],
  [
    'an intersection',
    z.intersection(z.record(z.string(), z.int()), z.object({})),
    { widget: 'json' },
  ],
  ['anything', z.unknown(), { type: 'any', widget: 'json' }],
  ['nothing', z.never(), { type: 'any', widget: 'json' }],
  ['null', z.null(), { type: 'any', widget: 'json' }],
  ['a date', z.date(), { type: 'any', widget: 'json' }],
  ['a big integer', z.bigint(), { type: 'any', widget: 'json' }],
  ['a map', z.map(z.string(), z.string()), { type: 'any', widget: 'json' }],
  ['a custom check', z.custom((value) => value === 1), { type: 'any', widget: 'json' }],
  ['a transform', z.string().transform(Number), { type: 'string', widget: 'text' }],
  ['a tree', node, { widget: 'json', secret: true }],
  [
    'a widget of its own',
    z.array(z.object({ a: z.string() })).register(FIELDS, { label: 'L', widget: 'json' }),
    { widget: 'json', label: 'L' },
  ],
  ['a secret', token(), { widget: 'secret', secret: true, type: 'string' }],
  ['an optional secret', token().optional(), { widget: 'secret', secret: true }],
  ['a secret with a default', token().default(''), { widget: 'secret', secret: true }],
  ['secrets in a record', z.record(z.string(), token()), { widget: 'json', secret: true }],
  ['secrets in a tuple', z.tuple([token()]), { widget: 'json', secret: true }],
  ['a secret or a number', z.union([token(), z.int()]), { widget: 'secret', secret: true }],
  ['secrets in a list', z.array(token()), { widget: 'list', secret: false }],
];

describe('fieldsOf', () => {
  it.each(SHAPES)('%s', (_name, schema, field) => {
    const [made, ...others] = fieldsOf(z.strictObject({ value: schema }));
    expect(others).toEqual([]);
    expect(made).toMatchObject({ name: 'value', pointer: '/value', ...field });
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  it('keeps the order, and says where each is', () => {
    const schema = z.strictObject({
      'b/~': z.string(),
      a: z
        .array(z.object({ id: z.string().register(FIELDS, { label: 'Id' }), note: z.string() }))
        .register(FIELDS, { label: 'Things', group: 'mapping' }),
    });
    const [first, second] = fieldsOf(schema);
    expect(first).toMatchObject({ name: 'b/~', pointer: '/b~1~0', label: 'b/~' });
    expect(second).toMatchObject({ name: 'a', pointer: '/a', label: 'Things', group: 'mapping' });
    expect(second?.item).toMatchObject({ name: '', pointer: '/a/*', label: 'Things' });
    expect(
      second?.item?.fields?.map(({ pointer, label, group }) => [pointer, label, group]),
    ).toEqual([
      ['/a/*/id', 'Id', 'mapping'],
      ['/a/*/note', 'note', 'mapping'],
    ]);
  });

  it.each([
    ['a refined object', z.strictObject({ a: z.int() }).refine(() => true), ['/a']],
    [
      'a tree',
      z.object({
        get child() {
          return node.optional();
        },
      }),
      ['/child'],
    ],
    ['a text', z.string(), ['']],
    ['a union', z.union([z.object({}), z.string()]), ['']],
    ['anything', z.unknown(), ['']],
  ])('takes %s as a whole', (_name, schema, pointers) => {
    expect(fieldsOf(schema).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('takes what cannot be described for one secret', () => {
    const twice = z.object({
      a: z.string().meta({ id: 'fields-test' }),
      b: z.int().meta({ id: 'fields-test' }),
    });
    expect(fieldsOf(twice)).toMatchObject([{ pointer: '', widget: 'json', secret: true }]);
  });

  it('describes any schema', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const fields = fieldsOf(z.object({ value: schema }));
        expect(fields).toHaveLength(1);
        expect(JSON.parse(JSON.stringify(fields))).toEqual(fields);
      }),
      { numRuns: 300 },
    );
  });

  it('finds a secret wherever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...WRAPPERS), { maxLength: 5 }), (wrappers) => {
        const schema = wrappers.reduce((inner, wrap) => wrap(inner), token() as z.ZodType);
        expect(fieldsOf(z.object({ value: schema })).some(holdsSecret)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

const WRAPPERS: readonly ((inner: z.ZodType) => z.ZodType)[] = [
  (inner) => inner.optional(),
  (inner) => inner.nullable(),
  (inner) => inner.describe('A help.'),
  (inner) => inner.readonly(),
  (inner) => z.array(inner),
  (inner) => z.tuple([inner, z.string()]),
  (inner) => z.record(z.string(), inner),
  (inner) => z.object({ before: z.string(), inner }),
  (inner) => z.object({}).catchall(inner),
  (inner) => z.union([z.string(), inner]),
  (inner) => z.union([inner, z.object({ other: z.int() })]),
  (inner) => z.intersection(z.object({ a: z.int() }), z.object({ inner })),
  (inner) => z.lazy(() => inner),
  (inner) => inner.refine(() => true),
];

const LEAVES = [
  z.string(),
  z.url(),
  z.int(),
  z.boolean(),
  z.enum(['a', 'b']),
  z.literal([1, null]),
  z.null(),
  z.undefined(),
  z.date(),
  z.unknown(),
  z.set(z.string()),
  z.string().transform(Number),
  token(),
];
const anySchema = fc
  .tuple(
    fc.constantFrom<z.ZodType>(...LEAVES),
    fc.array(fc.constantFrom(...WRAPPERS), { maxLength: 6 }),
  )
  .map(([leaf, wrappers]) => wrappers.reduce((inner, wrap) => wrap(inner), leaf));
