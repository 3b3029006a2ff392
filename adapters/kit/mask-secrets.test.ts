import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FIELDS } from './field-meta.ts';
import { fieldsOf } from './fields.ts';
import { MASKED, maskSecrets } from './mask-secrets.ts';

const secret = () => z.string().register(FIELDS, { label: 'Secret', secret: true });

const fields = fieldsOf(
  z.strictObject({
    name: z.string(),
    key: secret().optional(),
    keys: z.array(secret()),
    app: z.object({ id: z.string(), secret: secret(), previous: z.array(secret()) }).optional(),
    apps: z.array(z.object({ id: z.string(), secret: secret().nullable() })),
    headers: z.record(z.string(), secret()),
  }),
);

describe('maskSecrets', () => {
  it.each([
    ['a secret', { name: 'a', key: 'S' }, { name: 'a', key: MASKED }],
    ['an empty one', { key: '' }, { key: MASKED }],
    ['none', { name: 'a' }, { name: 'a' }],
    ['null', { key: null, app: null }, { key: null, app: null }],
    ['a list', { keys: ['S', 'S'] }, { keys: [MASKED, MASKED] }],
    [
      'inside of an object',
      { app: { id: 'a', secret: 'S', previous: ['S'] } },
      { app: { id: 'a', secret: MASKED, previous: [MASKED] } },
    ],
    [
      'inside of a list',
      {
        apps: [
          { id: 'a', secret: 'S' },
          { id: 'b', secret: null },
        ],
      },
      {
        apps: [
          { id: 'a', secret: MASKED },
          { id: 'b', secret: null },
        ],
      },
    ],
    ['a record', { headers: { a: 'S' } }, { headers: MASKED }],
    [
      'another shape',
      { keys: 'S', app: 'S', apps: [['S']] },
      { keys: MASKED, app: MASKED, apps: [MASKED] },
    ],
    ['what is not known', { other: 1, app: { other: 1 } }, { other: 1, app: { other: 1 } }],
    ['no object', 'text', 'text'],
    [
      'a name of the prototype',
      JSON.parse('{"__proto__":{"key":1}}'),
      JSON.parse('{"__proto__":{"key":1}}'),
    ],
  ])('%s', (_name, value, masked) => {
    const before = structuredClone(value);
    expect(maskSecrets(value, fields)).toEqual(masked);
    expect(value).toEqual(before);
  });

  it('masks all of what is one secret', () => {
    expect(maskSecrets({ a: 'S' }, fieldsOf(secret()))).toBe(MASKED);
    expect(maskSecrets({ a: 1 }, fieldsOf(z.record(z.string(), z.int())))).toEqual({ a: 1 });
  });

  it('lets no secret through, whatever stands there', () => {
    const anything = fc.anything({ withNullPrototype: true, values: [fc.constant('PLANTED')] });
    const value = fc.record({ key: anything, keys: anything, headers: anything });
    fc.assert(
      fc.property(value, (planted) => {
        expect(JSON.stringify(maskSecrets(planted, fields))).not.toContain('PLANTED');
      }),
    );
  });
});
