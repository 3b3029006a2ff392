import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidSettings } from '#schemas/problems.ts';
import { customAdapter } from './adapter.ts';
import { type Json, loadDefinition } from './fixtures.ts';

const signature = { from: 'header', name: 'X-Sig' };
const hmac = { scheme: 'hmac', signature };
const extract = { eventType: '/type' };
const none = [{ scheme: 'none' }];

function faultsOf(definition: unknown): Record<string, string> {
  try {
    customAdapter.bind({ definition: definition as Json });
    return {};
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    return Object.fromEntries(error.faults.map(({ pointer, message }) => [pointer, message]));
  }
}

/** A definition with one scheme, and the pointer and words of the fault it must have. */
const schemes: readonly [name: string, scheme: Json, pointer: string, words: string][] = [
  ['mutual TLS', { scheme: 'mtls' }, '/scheme', 'mutual TLS is not offered'],
  ['an unknown scheme', { scheme: 'magic' }, '/scheme', 'must be one of hmac'],
  ['an address list of one scheme', { ...hmac, network: {} }, '/network', 'belongs to the top'],
  ['an unknown field', { ...hmac, colour: 1 }, '/colour', 'is not a known field'],
  ['no signature', { scheme: 'hmac' }, '', "must have required property 'signature'"],
  ['md5', { ...hmac, algorithm: 'md5' }, '/algorithm', 'must be one of ["sha256"'],
  ['sha1 without a word', { ...hmac, algorithm: 'sha1' }, '/algorithm', 'sha1 is broken'],
  ['no prefix', { ...hmac, signature: { ...signature, parse: 'prefix' } }, '/signature/prefix', ''],
  ['no key', { ...hmac, signature: { ...signature, parse: 'kv-list' } }, '/signature/key', ''],
  ['an unknown placeholder', { ...hmac, content: '{bdoy}' }, '/content', 'no placeholder {bdoy}'],
  ['a stray brace', { ...hmac, content: '{{body}}' }, '/content', 'brace'],
  ['content without body', { ...hmac, content: '{method}' }, '/content', 'must hold {body}'],
  ['a digest without secret', { ...hmac, scheme: 'digest', content: '{body}' }, '/content', ''],
  ['{timestamp} from nowhere', { ...hmac, content: '{timestamp}{body}' }, '/timestamp', 'required'],
  ['{id} from nowhere', { ...hmac, content: '{id}{body}' }, '/id', 'need each other'],
  [
    'a timestamp that is not signed',
    { ...hmac, timestamp: { from: 'header', name: 'X-T', unit: 's' } },
    '/timestamp',
    'not part of the signed content',
  ],
  [
    'a tolerance past a day',
    { ...hmac, timestamp: { from: 'header', name: 'X-T', unit: 's', toleranceSeconds: 86_401 } },
    '/timestamp/toleranceSeconds',
    'must be <= 86400',
  ],
  [
    'a signature inside what it signs',
    { ...hmac, signature: { from: 'body-pointer', name: '/sig' } },
    '/content',
    'cannot hold {body}',
  ],
  [
    'a signature in the query it signs',
    { ...hmac, signature: { from: 'query', name: 'sig' }, content: '{uri}{body}' },
    '/content',
    'cannot hold {uri}',
  ],
  ['a base with a path', { ...hmac, uri: { base: 'https://a.example/b' } }, '/uri/base', 'origin'],
  ['a user with a colon', { scheme: 'basic', username: 'a:b' }, '/username', 'without a colon'],
  [
    'a key that is none',
    { scheme: 'public-key', algorithm: 'ed25519', signature, publicKey: 'PEM' },
    '/publicKey',
    'must be a public key',
  ],
  [
    'a secret for a public key',
    { scheme: 'public-key', algorithm: 'ed25519', signature, content: '{secret}{body}' },
    '/content',
    'cannot hold {secret}',
  ],
  [
    'HS256 with a public key',
    { scheme: 'jwt', algorithm: 'HS256', publicKey: 'x' },
    '/publicKey',
    '',
  ],
  ['alg none', { scheme: 'jwt', algorithm: 'none' }, '/algorithm', 'must be one of ["HS256"'],
];

describe('verification that is refused', () => {
  it.each(schemes)('%s', (_name, scheme, pointer, words) => {
    const faults = faultsOf({ verification: [scheme], extract });
    expect(Object.keys(faults)).toStrictEqual([`/definition/verification/0${pointer}`]);
    expect(Object.values(faults)[0]).toContain(words);
  });
});

const extracts: readonly [name: string, extract: Json, pointer: string, words: string][] = [
  ['no event type', {}, '', "must have required property 'eventType'"],
  ['a pointer without slash', { eventType: 'type' }, '/eventType', 'JSON Pointer'],
  ['a prototype', { ...extract, actor: '/__proto__/x' }, '/actor', 'names no prototype'],
  ['a prototype, nested', { ...extract, batch: '/a/constructor' }, '/batch', 'names no prototype'],
  ['two sources', { eventType: { header: 'A', query: 'b' } }, '/eventType', 'more than 1'],
  ['a type in capitals', { ...extract, map: [{ type: 'A', to: 'Deal.Won' }] }, '/map/0/to', ''],
  [
    'a condition that loops',
    { ...extract, map: [{ type: 'A', to: 'a.b', when: 'item.a.all(x, true)' }] },
    '/map/0/when',
    'may not call all',
  ],
  [
    'nine conditions for one type',
    { ...extract, map: Array(9).fill({ type: 'A', to: 'a.b', when: 'item.a' }) },
    '/map/8/when',
    '8 per type',
  ],
  ['raw without a type', { ...extract, onUnknownType: 'raw' }, '/fallbackType', ''],
  ['polling', { ...extract, polling: {} }, '/polling', 'makes no calls'],
  ['hydration', { ...extract, hydrate: {} }, '/hydrate', 'makes no calls'],
  ['a version', { ...extract, version: '/v' }, '/version', 'Add its place to dedupeKey'],
  [
    'an observation by a rule',
    { ...extract, map: [{ type: 'A', to: 'deal.observed' }] },
    '/map/0/to',
    '.observed',
  ],
  [
    'an observation as the fallback',
    { ...extract, onUnknownType: 'raw', fallbackType: 'deal.observed' },
    '/fallbackType',
    '.observed',
  ],
  [
    'an observation by a constant',
    { eventType: { constant: 'deal.observed' } },
    '/eventType/constant',
    '.observed',
  ],
  [
    'a media type with parameters',
    { ...extract, allowedContentTypes: ['text/json; charset=utf-8'] },
    '/allowedContentTypes/0',
    'without parameters',
  ],
  ['a form in batches', { ...extract, format: 'form', batch: '' }, '/batch', 'no use with forms'],
  ['too many items', { ...extract, maxItems: 10_001 }, '/maxItems', 'must be <= 10000'],
  [
    'the whole item as a decimal',
    { ...extract, decimalFields: [{ pointer: '' }] },
    '/decimalFields/0/pointer',
    '',
  ],
  [
    'a hostile input schema',
    { ...extract, inputSchema: { schema: { pattern: '(a+)+' } } },
    '/inputSchema/schema/pattern',
    'is not allowed',
  ],
];

describe('extraction that is refused', () => {
  it.each(extracts)('%s', (_name, written, pointer, words) => {
    const faults = faultsOf({ verification: none, extract: written });
    expect(Object.keys(faults)).toStrictEqual([`/definition/extract${pointer}`]);
    expect(Object.values(faults)[0]).toContain(words);
  });
});

describe('metadata that the signature does not fix', () => {
  const header = { header: 'X-Event' };
  const query = { query: 'id' };
  const covering = { ...hmac, content: '{header:x-event}.{query}.{body}' };
  const token = { scheme: 'static-token', token: { from: 'header', name: 'X-Key' } };
  const cases: readonly [name: string, definition: Json, faults: readonly string[]][] = [
    [
      'event type, id and key are refused',
      {
        verification: [hmac],
        extract: { eventType: header, entity: { id: query }, dedupeKey: ['/a', header] },
      },
      ['/eventType/header', '/dedupeKey/1/header', '/entity/id/query'],
    ],
    [
      'covered by the content',
      { verification: [covering], extract: { eventType: header, entity: { id: query } } },
      [],
    ],
    [
      'under a token that vouches for all',
      { verification: [token], extract: { eventType: header } },
      [],
    ],
    [
      'any of two schemes, one of which does not cover',
      { verification: [covering, hmac], extract: { eventType: header } },
      ['/eventType/header'],
    ],
    [
      'any of two schemes, a token and one that does not cover',
      { verification: [token, hmac], extract: { eventType: header } },
      ['/eventType/header'],
    ],
    [
      'all of two schemes, one of which covers',
      { require: 'all', verification: [covering, hmac], extract: { eventType: header } },
      [],
    ],
  ];
  it.each(cases)('%s', (_name, definition, pointers) => {
    const expected = pointers.map((pointer) => `/definition/extract${pointer}`);
    expect(Object.keys(faultsOf(definition)).sort()).toStrictEqual([...expected].sort());
  });
});

describe('the definition as a whole', () => {
  it.each<[string, unknown, string]>([
    [
      'a sample by a method that is not allowed',
      { verification: none, extract, samples: [{ name: 'a', method: 'PUT', body: {} }] },
      '/definition/samples/0/method',
    ],
    [
      'a method nobody sends by',
      { verification: none, extract, allowedMethods: ['DELETE'] },
      '/definition/allowedMethods/0',
    ],
    [
      'no address at all',
      { verification: none, extract, network: { ipAllow: [] } },
      '/definition/network/ipAllow',
    ],
    [
      'a certificate beside addresses',
      { verification: none, extract, network: { ipAllow: ['192.0.2.1'], mtls: {} } },
      '/definition/network/mtls',
    ],
    ['polling', { verification: none, extract, polling: {} }, '/definition/polling'],
    ['no verification', { verification: [], extract }, '/definition/verification'],
    ['none beside another', { verification: [...none, hmac], extract }, '/definition/verification'],
    ['too long', { verification: none, extract, description: 'x'.repeat(300_000) }, '/definition'],
    ['no document', undefined, '/definition'],
  ])('%s', (_name, definition, pointer) => {
    expect(Object.keys(faultsOf(definition))).toStrictEqual([pointer]);
  });

  it('refuses a document nested too deep to be copied', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(Object.keys(faultsOf({ verification: none, extract, deep }))).toStrictEqual([
      '/definition',
    ]);
  });

  it('tells all faults at once and leaves the document as it was', () => {
    const definition = {
      verification: [
        { ...hmac, content: '{x}{body}' },
        { ...hmac, algorithm: 'sha1' },
      ],
      extract: { eventType: { header: 'A' } },
    };
    const before = structuredClone(definition);
    expect(Object.keys(faultsOf(definition))).toHaveLength(3);
    expect(definition).toStrictEqual(before);
  });

  it.each(readdirSync(new URL('./vectors/definitions/', import.meta.url)))('%s binds', (file) => {
    expect(faultsOf(loadDefinition(file.replace('.json', '')))).toStrictEqual({});
  });
});
