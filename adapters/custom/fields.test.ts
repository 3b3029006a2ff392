import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { customAdapter } from './adapter.ts';
import { type Json, requestWith } from './fixtures.ts';

const FIELDS = '/definition/extract/fields';

/** What becomes of one item by these fields. */
function map(fields: readonly Json[], item: unknown, rest: Json = {}) {
  const bound = customAdapter.bind({
    definition: {
      verification: [{ scheme: 'none' }],
      extract: { eventType: { constant: 'thing.made' }, keepSource: false, fields, ...rest },
    },
  });
  const body = typeof item === 'string' ? item : JSON.stringify(item);
  const { drafts, skipped } = bound.webhook(requestWith(body));
  return {
    payload: drafts[0]?.payload,
    skipped: skipped.map(({ reason, detail }) => [reason, detail]),
  };
}

const decimal = { name: 'decimal', scale: 2 };
const iso = { name: 'datetime', format: 'iso8601' };
const seconds = { name: 'datetime', format: 's' };
const millis = { name: 'datetime', format: 'ms' };
const utc = { ...iso, assumeUtc: true };
const lookUp = { name: 'enum-map', values: { '1': 'open', true: 'yes', P: 'paid' } };
const other = { ...lookUp, otherwise: 'unknown' };
const preset = (value: unknown) => ({ name: 'default', value });
const plain = (...names: readonly string[]) => names.map((name) => ({ name }));

describe('transforms', () => {
  /** The value is JSON text, as it stands in a body. */
  it.each<[transforms: readonly Json[], value: string, result: unknown]>([
    [[], '"a"', 'a'],
    [[], '19.90', '19.90'],
    [[], '{"b":[1,null]}', { b: [1, null] }],
    [[], 'null', null],
    [plain('trim'), '" \\t a b\\n"', 'a b'],
    [plain('trim', 'lower'), '" ÄB "', 'äb'],
    [plain('string'), '7', '7'],
    [plain('string'), 'true', 'true'],
    [plain('string'), '12345678901234567890', '12345678901234567890'],
    [[decimal], '19.90', '19.90'],
    [[decimal], '"19.90"', '19.90'],
    [[decimal], '1.5e3', '1500'],
    [[decimal], '5', '5'],
    [[...plain('trim'), decimal], '" 19.90 "', '19.90'],
    [[{ name: 'decimal' }], '0.000000000000000000001', '0.000000000000000000001'],
    [plain('boolean'), 'true', true],
    [plain('boolean'), '"YES"', true],
    [plain('boolean'), '1', true],
    [plain('boolean'), '"0"', false],
    [plain('boolean'), '"no"', false],
    [[iso], '"2026-07-25T14:52:06.7694171+02:00"', '2026-07-25T12:52:06.769Z'],
    [[utc], '"2026-07-25 14:52"', '2026-07-25T14:52:00.000Z'],
    [[seconds], '1700000000.999', '2023-11-14T22:13:20.999Z'],
    [[millis], '1700000000123', '2023-11-14T22:13:20.123Z'],
    [[lookUp], '1', 'open'],
    [[lookUp], 'true', 'yes'],
    [[other], '"x"', 'unknown'],
    [[other], '"toString"', 'unknown'],
    [[preset('EUR')], 'null', 'EUR'],
    [[preset('EUR')], '""', ''],
    [[preset(0)], 'null', 0],
    [[preset(false)], 'null', false],
    [[preset('P'), lookUp], 'null', 'paid'],
    [[lookUp, preset('none')], 'null', 'none'],
    [[decimal], 'null', null],
  ])('%j of %s', (transforms, value, result) => {
    const field = { to: 'out', from: '/in', transforms };
    expect(map([field], `{"in":${value}}`)).toStrictEqual({
      payload: { out: result },
      skipped: [],
    });
  });

  it.each<[transforms: readonly Json[], value: string, words: string]>([
    [plain('trim'), '7', 'is not a text'],
    [plain('lower'), '{}', 'is not a text'],
    [plain('string'), '[]', 'is no text, number or boolean'],
    [[decimal], '"a"', 'is not a decimal'],
    [[decimal], '19.905', 'has more than 2 fraction digits'],
    [[decimal], 'true', 'is not a decimal'],
    [plain('boolean'), '2', 'is neither true nor false'],
    [plain('boolean'), '""', 'is neither true nor false'],
    [[iso], '"2026-07-25T14:52:06"', 'is not a time of the format iso8601'],
    [[iso], '"2026-02-30T00:00:00Z"', 'is not a time of the format iso8601'],
    [[seconds], '-1', 'is not a time of the format s'],
    [[seconds], 'true', 'is not a time of the format s'],
    [[lookUp], '"__proto__"', 'is not one of the values of enum-map'],
    [[lookUp], '["P"]', 'is not one of the values of enum-map'],
    [[other], '{}', 'unknown'],
  ])('%j of %s fails', (transforms, value, words) => {
    const field = { to: 'out', from: '/in', transforms };
    const { payload, skipped } = map([field], `{"in":${value}}`);
    if (words === 'unknown') expect(payload).toStrictEqual({ out: 'unknown' });
    else expect(skipped).toStrictEqual([['invalid_field', `/in ${words}, for the field out.`]]);
  });
});

describe('several places', () => {
  const name = (transforms: readonly Json[]) => [{ to: 'name', from: ['/a', '/b'], transforms }];
  const concat = { name: 'concat', separator: ' ' };
  it.each<[readonly Json[], unknown, unknown]>([
    [[concat], { a: 'Zoë', b: 'Ng' }, 'Zoë Ng'],
    [[concat], { a: 'Zoë', b: null }, 'Zoë'],
    [[concat], { b: 7 }, '7'],
    [[concat], {}, undefined],
    [[{ name: 'concat' }], { a: 1, b: true }, '1true'],
    [plain('coalesce'), { a: null, b: 'b' }, 'b'],
    [plain('coalesce'), { a: '', b: 'b' }, ''],
    [plain('coalesce'), {}, undefined],
    [[...plain('coalesce', 'lower'), preset('x')], { b: 'B' }, 'b'],
    [[...plain('coalesce', 'lower'), preset('x')], {}, 'x'],
  ])('%j of %j', (transforms, item, result) => {
    const expected = result === undefined ? {} : { name: result };
    expect(map(name(transforms), item).payload).toStrictEqual(expected);
  });

  it('says which places hold something else', () => {
    expect(map(name([concat]), { a: 'a', b: {} }).skipped).toStrictEqual([
      [
        'invalid_field',
        '/a, /b hold something else than texts, numbers and booleans, for the field name.',
      ],
    ]);
  });
});

describe('payloads', () => {
  const fields = [{ to: 'total', from: '/order/total', transforms: [decimal] }];
  it('hold the item as source, with its decimal fields spelled', () => {
    const rest = { keepSource: true, decimalFields: [{ pointer: '/tip' }] };
    expect(map(fields, '{"order":{"total":19.90},"tip":1.5e1}', rest).payload).toStrictEqual({
      total: '19.90',
      source: { order: { total: '19.90' }, tip: '15' },
    });
  });

  it('are the fields alone where the source is not kept', () => {
    expect(map(fields, '{"order":{"total":19.90}}').payload).toStrictEqual({ total: '19.90' });
  });

  it('are the item where there are no fields', () => {
    expect(map([], '{"a":1.0}').payload).toStrictEqual({ a: '1.0' });
  });

  it('an item at the deepest level has no room under source', () => {
    const deep = `{"order":{},"d":${'['.repeat(63)}${']'.repeat(63)}}`;
    expect(map(fields, deep).payload).toStrictEqual({});
    expect(map(fields, deep, { keepSource: true }).skipped).toStrictEqual([
      ['invalid_item', 'The payload is nested deeper than 64 levels.'],
    ]);
  });

  it('fit the output schema, which does not see the source', () => {
    const schema = {
      required: ['total'],
      additionalProperties: false,
      properties: { total: true },
    };
    const rest = { keepSource: true, outputSchema: { schema } };
    expect(map(fields, '{"order":{"total":1},"a":1}', rest).skipped).toStrictEqual([]);
    expect(map(fields, '{"order":{}}', rest).skipped).toStrictEqual([
      ['output_schema', 'The item breaks the rule #/required of outputSchema.'],
    ]);
  });

  it('hold no value in the detail of what was skipped, and reach no prototype', () => {
    const secret = 'do-not-log-me';
    const item = { order: { total: secret }, toString: 1 };
    expect(JSON.stringify(map(fields, item).skipped)).not.toContain(secret);
    expect(map([{ to: 'a', from: '/valueOf' }], item).payload).toStrictEqual({});
  });
});

describe('fields that are refused', () => {
  const many = (count: number, from: string) =>
    Array.from({ length: count }, (_, index) => ({ to: `f${index}`, from }));
  const cases: readonly [name: string, fields: readonly Json[], pointer: string, words: string][] =
    [
      [
        'a name twice',
        [
          { to: 'a', from: '/a' },
          { to: 'a', from: '/b' },
        ],
        '/1/to',
        'before it',
      ],
      ['a prototype as a name', [{ to: '__proto__', from: '/a' }], '/0/to', 'a name of letters'],
      [
        'a constructor as a name',
        [{ to: 'constructor', from: '/a' }],
        '/0/to',
        'a name of letters',
      ],
      [
        'a prototype as a place',
        [{ to: 'a', from: '/__proto__' }],
        '/0/from',
        'names no prototype',
      ],
      [
        'a prototype in a list',
        [{ to: 'a', from: ['/prototype'], transforms: plain('coalesce') }],
        '/0/from/0',
        '',
      ],
      [
        'an unknown transform',
        [{ to: 'a', from: '/a', transforms: plain('eval') }],
        '/0/transforms/0/name',
        'trim, lower',
      ],
      [
        'an option of another transform',
        [{ to: 'a', from: '/a', transforms: [{ name: 'trim', scale: 1 }] }],
        '/0/transforms/0/scale',
        'not a known field',
      ],
      [
        'concat of one place',
        [{ to: 'a', from: '/a', transforms: plain('concat') }],
        '/0/transforms/0',
        'list of pointers',
      ],
      [
        'several places and no word on them',
        [{ to: 'a', from: ['/a', '/b'] }],
        '/0/transforms',
        'must begin with',
      ],
      [
        'concat after another',
        [{ to: 'a', from: ['/a'], transforms: plain('coalesce', 'concat') }],
        '/0/transforms/1',
        'must stand first',
      ],
      [
        'a fraction as a default',
        [{ to: 'a', from: '/a', transforms: [preset(1.5)] }],
        '/0/transforms/0/value',
        'must be string,integer,boolean',
      ],
      ['one value read five times', many(5, '/a'), '/0/from', 'reads /a, which more than 4'],
      [
        'a value read inside of others',
        [...many(4, '/a'), { to: 'x', from: '/a/b' }],
        '/4/from',
        'reads /a/b',
      ],
      ['the whole item five times', many(5, ''), '/0/from', 'the whole item'],
      [
        'much text',
        many(4, '/a')
          .map((field) => ({ ...field, transforms: Array(8).fill(preset('x'.repeat(256))) }))
          .concat(
            Array.from({ length: 13 }, (_, n) => ({
              to: `g${n}`,
              from: `/g${n}`,
              transforms: [preset('x'.repeat(256))],
            })),
          ),
        '',
        'more than 4096 characters',
      ],
    ];
  it.each(cases)('%s', (_name, fields, pointer, words) => {
    let faults: readonly { pointer: string; message: string }[] = [];
    try {
      map(fields, '{}');
    } catch (error) {
      ({ faults } = error as { faults: typeof faults });
    }
    expect(faults.map((fault) => fault.pointer)).toStrictEqual([`${FIELDS}${pointer}`]);
    expect(faults[0]?.message).toContain(words);
  });

  it.each<[string, Json, string]>([
    [
      'a field where the source stands',
      { fields: [{ to: 'source', from: '/a' }], keepSource: true },
      '/fields',
    ],
    [
      'an output schema without fields',
      { fields: [], outputSchema: { schema: {} } },
      '/outputSchema',
    ],
    [
      'a hostile output schema',
      { fields: [{ to: 'a', from: '/a' }], outputSchema: { schema: { pattern: 'a' } } },
      '/outputSchema/schema/pattern',
    ],
  ])('%s', (_name, rest, pointer) => {
    expect(() => map([], '{}', rest)).toThrow(`/definition/extract${pointer}:`);
  });

  it('a field may be named source where the source is not kept', () => {
    expect(map([{ to: 'source', from: '/a' }], { a: 1 }).payload).toStrictEqual({ source: 1 });
  });
});

it('no item makes a field throw, and what is mapped is at most four times as long', () => {
  const paths = ['', '/a', '/b', '/a/b', '/list/0', '/list'];
  const value = fc.constantFrom(
    ...plain('trim', 'lower', 'string', 'boolean', 'decimal'),
    iso,
    other,
    preset('d'),
  );
  const field = fc.record({
    to: fc.constantFrom('a', 'b', 'c', 'd'),
    from: fc.constantFrom(...paths),
    transforms: fc.array(value, { maxLength: 4 }),
  });
  const fields = fc.uniqueArray(field, { maxLength: 4, selector: ({ to }) => to });
  const item = fc.dictionary(fc.constantFrom('a', 'b', 'list'), fc.jsonValue());
  fc.assert(
    fc.property(fields, item, (written, one) => {
      const text = JSON.stringify(one);
      const { payload, skipped } = map(written as Json[], text);
      expect(payload !== undefined || skipped[0]?.[0] === 'invalid_field').toBe(true);
      expect(JSON.stringify(payload ?? {}).length).toBeLessThan(4 * text.length + 1000);
    }),
    { numRuns: 100 },
  );
});
