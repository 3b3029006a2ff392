import { describe, expect, it } from 'vitest';
import { InvalidBody, InvalidJson } from '#schemas/problems.ts';
import { customAdapter } from './adapter.ts';
import { type Json, load, loadDefinition, requestWith } from './fixtures.ts';

interface ExtractVector {
  readonly name: string;
  readonly definition: string;
  readonly body: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly result: unknown;
}

const at = 1_700_000_000_000;

function run(extract: Json, body: string) {
  return bindWith(extract).webhook(requestWith(body));
}

function bindWith(extract: Json) {
  return customAdapter.bind({ definition: { verification: [{ scheme: 'none' }], extract } });
}

describe('vectors', () => {
  it.each(load('extracted.json') as ExtractVector[])('$name', (vector) => {
    const bound = customAdapter.bind({ definition: loadDefinition(vector.definition) });
    const { body, url, headers } = vector;
    const request = requestWith(body, { ...(url ? { url } : {}), ...(headers ? { headers } : {}) });
    expect(bound.webhook(request)).toStrictEqual(vector.result);
  });
});

describe('a fault of one item', () => {
  const extract = {
    batch: '/list',
    eventType: '/type',
    map: [
      { type: 'a', when: 'item.n > 1', to: 'thing.made' },
      { type: 'b', to: 'thing.made' },
    ],
    entity: { id: '/id' },
    occurredAt: { path: '/at', format: 's' },
    decimalFields: [{ pointer: '/amount', scale: 2 }],
    inputSchema: { schema: { properties: { ok: { const: true } } } },
  };
  const good = { type: 'b', id: 1 };
  const deep = `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`;
  it.each<[string, unknown, string]>([
    ['a text', 'text', 'invalid_item'],
    ['null', null, 'invalid_item'],
    ['too deep', JSON.parse(deep), 'invalid_item'],
    ['no type', { id: 1 }, 'missing_type'],
    ['a type that is an object', { type: {}, id: 1 }, 'missing_type'],
    ['a type outside the map', { type: 'c', id: 1 }, 'unknown_type'],
    ['a type named as a prototype', { type: '__proto__', id: 1 }, 'unknown_type'],
    ['a condition that is false', { type: 'a', n: 1, id: 1 }, 'unknown_type'],
    ['a condition that fails', { type: 'a', id: 1 }, 'condition_failed'],
    ['a schema that is broken', { ...good, ok: 1 }, 'input_schema'],
    ['no id', { type: 'b' }, 'invalid_entity'],
    ['an empty id', { type: 'b', id: '' }, 'invalid_entity'],
    ['a long id', { type: 'b', id: 'x'.repeat(257) }, 'invalid_entity'],
    ['a time of another format', { ...good, at: 'yesterday' }, 'invalid_occurred_at'],
    ['a decimal that is none', { ...good, amount: 'a' }, 'invalid_decimal'],
    ['a decimal past its scale', { ...good, amount: '1.001' }, 'invalid_decimal'],
  ])('%s never loses the others', (_name, item, reason) => {
    const result = run(extract, JSON.stringify({ list: [good, item, { ...good, id: 2 }] }));
    expect(result.drafts.map(({ entityId }) => entityId)).toStrictEqual(['1', '2']);
    expect(result.skipped).toMatchObject([{ pointer: '/list/1', reason }]);
  });
});

describe('a body that cannot be used at all', () => {
  const extract = { eventType: '/type', batch: '/list', maxItems: 2 };
  it.each<[string, Json, string | Buffer, typeof InvalidBody | typeof InvalidJson]>([
    ['no JSON', extract, '{', InvalidJson],
    ['empty', extract, '', InvalidJson],
    ['not UTF-8', extract, Buffer.from('{"list":["\xff"]}', 'latin1'), InvalidJson],
    ['no list', extract, '{"list":{}}', InvalidBody],
    ['too many items', extract, '{"list":[1,2,3]}', InvalidBody],
    ['a list without a batch', { eventType: '/type' }, '[]', InvalidBody],
    [
      'an item that breaks a schema, when that is to fail',
      {
        ...extract,
        eventType: { constant: 'a.b' },
        inputSchema: { schema: { required: ['x'] }, onInvalid: 'fail' },
      },
      '{"list":[{}]}',
      InvalidBody,
    ],
    [
      'a form of too many fields',
      { eventType: '/type', format: 'form' },
      'a=1&'.repeat(1001),
      InvalidBody,
    ],
  ])('%s', (_name, written, body, problem) => {
    const bound = bindWith(written);
    const request = { ...requestWith(''), body: Buffer.from(body) };
    expect(() => bound.webhook(request)).toThrow(problem);
  });
});

describe('types', () => {
  const body = '{"type":"Odd.Type","id":1}';
  const base = { eventType: '/type', entity: { id: '/id' } };
  it('drop leaves no trace', () => {
    expect(run({ ...base, onUnknownType: 'drop' }, body)).toStrictEqual({
      drafts: [],
      skipped: [],
    });
  });

  it('raw keeps the event under the fallback type', () => {
    const extract = { ...base, onUnknownType: 'raw', fallbackType: 'custom.received' };
    expect(run(extract, body).drafts).toMatchObject([
      { eventType: 'custom.received', entityType: 'custom', entityId: '1', occurredAtMs: at },
    ]);
  });

  it('a type that is canonical stands for itself without a map', () => {
    expect(run(base, '{"type":"deal.won","id":1}').drafts).toMatchObject([
      { eventType: 'deal.won', entityType: 'deal' },
    ]);
  });

  it('a batch may take its type from the body around it', () => {
    const extract = { batch: '/list', eventType: { bodyPointer: '/kind' }, entity: { id: '/id' } };
    const result = run(extract, '{"kind":"deal.won","list":[{"id":"a"},{"id":"b"}]}');
    expect(result.drafts.map(({ eventType }) => eventType)).toStrictEqual(['deal.won', 'deal.won']);
  });
});

describe('types of observations, which only the platform makes', () => {
  it('an item of one is skipped', () => {
    const result = run({ batch: '', eventType: '/t' }, '[{"t":"deal.observed"},{"t":"deal.seen"}]');
    expect(result.drafts).toMatchObject([{ eventType: 'deal.seen' }]);
    expect(result.skipped).toMatchObject([{ pointer: '/0', reason: 'unknown_type' }]);
  });

  it('a provider may call its own types so', () => {
    const extract = { eventType: '/t', map: [{ type: 'deal.observed', to: 'deal.seen' }] };
    expect(run(extract, '{"t":"deal.observed"}').drafts).toMatchObject([
      { eventType: 'deal.seen' },
    ]);
  });
});

it('a change that stands twice in one body is taken once', () => {
  const extract = { batch: '/l', eventType: '/t', dedupeKey: ['/id'] };
  const body =
    '{"l":[{"t":"a.b","id":1},{"t":"a.b","id":1,"n":2},{"t":"a.c","id":1},{"t":"a.b"},{"t":"a.b"}]}';
  const { drafts, skipped } = run(extract, body);
  expect(drafts.map(({ eventType }) => eventType)).toStrictEqual(['a.b', 'a.c', 'a.b']);
  expect(skipped.map(({ pointer, reason }) => [pointer, reason])).toStrictEqual([
    ['/l/1', 'repeated_in_batch'],
    ['/l/4', 'repeated_in_batch'],
  ]);
});

describe('dedupe keys', () => {
  const keys = (extract: Json, body: string) =>
    run({ eventType: '/type', ...extract }, body).drafts.map(({ dedupeKey }) => dedupeKey);

  it('parts cannot be shifted from one to the next', () => {
    const extract = { dedupeKey: ['/a', '/b'] };
    const [left] = keys(extract, '{"type":"x.y","a":"1","b":"23"}');
    const [right] = keys(extract, '{"type":"x.y","a":"12","b":"3"}');
    expect(left).toBe('["key","x.y","1","23"]');
    expect(right).not.toBe(left);
  });

  it('hold the type of the provider', () => {
    const [one] = keys({ dedupeKey: ['/a'] }, '{"type":"x.y","a":1}');
    const [other] = keys({ dedupeKey: ['/a'] }, '{"type":"x.z","a":1}');
    expect(one).not.toBe(other);
  });

  it('fall back to the bytes of the body, which is the item', () => {
    const [spaced] = keys({}, '{"type": "x.y"}');
    const [tight] = keys({}, '{"type":"x.y"}');
    expect(spaced).toMatch(/^\["sha256","x\.y","[0-9a-f]{64}"\]$/);
    expect(tight).not.toBe(spaced);
  });

  it('fall back to the canonical text of an item of a batch', () => {
    const item = '{"type":"x.y","o":{"b":1,"a":[1.50]}}';
    const spelledOtherwise = '{"o":{"a":[1.50],"b":1},"type":"x.y"}';
    const [one, three] = keys({ batch: '' }, `[${item},${spelledOtherwise},{"type":"x.y"}]`);
    const [two] = keys({ batch: '' }, `[${spelledOtherwise}]`);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });

  it('fall back when one part is missing', () => {
    const [key] = keys({ dedupeKey: ['/a', '/b'] }, '{"type":"x.y","a":1}');
    expect(key).toContain('sha256');
  });
});

it('a hostile body pollutes nothing and reaches nothing inherited', () => {
  const body =
    '{"type":"x.y","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const extract = {
    eventType: '/type',
    actor: '/toString',
    decimalFields: [{ pointer: '/valueOf' }],
  };
  expect(run(extract, body).drafts[0]?.actor).toBeNull();
  const [form] = run({ ...extract, format: 'form' }, '__proto__=1&type=x.y').drafts;
  expect(Object.keys(form?.payload ?? {})).toStrictEqual(['__proto__', 'type']);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});
