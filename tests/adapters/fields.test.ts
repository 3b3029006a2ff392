// Every setting and credential of every adapter, as forms, documents and logs are told of it. Real: the
// schemas. A field that is not annotated fails the first test.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FIELDS } from '#adapters/kit/field-meta.ts';
import { type Field, fieldsOf, holdsSecret } from '#adapters/kit/fields.ts';
import { MASKED, maskSecrets } from '#adapters/kit/mask-secrets.ts';
import { annotatedJsonSchema, META } from '#adapters/kit/settings-json-schema.ts';
import { adaptersByProvider } from '#adapters/registry.ts';

const adapters = [...adaptersByProvider().values()];

/** Pointers of fields that people are asked for one by one, and that lack a label, a help or a group. */
function unannotated(schema: z.ZodType): string[] {
  const { properties = {} } = annotatedJsonSchema(schema);
  const groupless = Object.entries(properties).filter(
    ([, node]) => typeof node !== 'object' || !(node[META] as { group?: string })?.group,
  );
  return [
    ...askedFor(fieldsOf(schema))
      .filter(({ name, label, help }) => label === name || !/^[A-Z].*\.$/s.test(help))
      .map(({ pointer }) => pointer),
    ...groupless.map(([name]) => `/${name}`),
  ];
}

/** Items of lists are called as the list is. */
function askedFor(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [
    field,
    ...(field.widget === 'json' ? [] : askedFor(field.fields ?? field.item?.fields ?? [])),
  ]);
}

describe('what is not annotated', () => {
  const named = { label: 'A', group: 'account' } as const;
  it.each([
    ['all', z.string().describe('A text.').register(FIELDS, named), []],
    ['nothing', z.string(), ['/value', '/value']],
    ['no help', z.string().register(FIELDS, named), ['/value']],
    ['no sentence', z.string().describe('a text').register(FIELDS, named), ['/value']],
    ['no group', z.string().describe('A text.').register(FIELDS, { label: 'A' }), ['/value']],
    [
      'an inner one',
      z
        .array(z.object({ inner: z.string() }))
        .describe('A list.')
        .register(FIELDS, named),
      ['/value/*/inner'],
    ],
  ])('is found: %s', (_name, schema, pointers) => {
    expect(unannotated(z.strictObject({ value: schema.optional() }))).toEqual(pointers);
  });
});

describe.each(adapters)('$provider', ({ settingsSchema, credentials = {}, api }) => {
  const settings = fieldsOf(settingsSchema);
  const forms = Object.entries(credentials);

  it('annotates all of its fields', () => {
    expect(unannotated(settingsSchema)).toEqual([]);
    for (const [kind, schema] of forms) expect([kind, unannotated(schema)]).toEqual([kind, []]);
  });

  it('has no secret among its settings, which are shown', () => {
    expect(settings.filter(holdsSecret)).toEqual([]);
  });

  it('asks for every kind of credential that its API takes', () => {
    expect(Object.keys(credentials)).toEqual(
      expect.arrayContaining([...(api?.credentialKinds ?? [])]),
    );
  });

  it.each(forms)('means a setting where %s has a field of its name', (_kind, schema) => {
    const type = new Map(settings.map((field) => [field.name, field.type]));
    for (const field of fieldsOf(schema)) {
      expect([field.name, field.type]).toEqual([field.name, type.get(field.name) ?? field.type]);
      expect(type.has(field.name) || field.group === 'account').toBe(true);
    }
  });

  it.each([['settings', settingsSchema] as const, ...forms])('%s survive', (_name, schema) => {
    const fields = fieldsOf(schema);
    fc.assert(
      fc.property(valuesOf(fields), (value) => {
        const { data, success } = schema.safeParse(value);
        // What JSON Schema cannot say, such as that two headers differ.
        fc.pre(success);
        const stored = JSON.parse(JSON.stringify(data));
        // Parsed again whenever it is read from the database.
        expect(schema.parse(stored)).toEqual(data);
        // Nothing of it is unknown to the form, and nothing but secrets is masked.
        expect(fields.map(({ name }) => name)).toEqual(
          expect.arrayContaining(Object.keys(stored as object)),
        );
        const shown = maskSecrets(stored, fields) as Record<string, unknown>;
        for (const { name, secret } of fields.filter((field) => field.name in stored)) {
          expect(shown[name]).toEqual(secret ? MASKED : stored[name]);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Objects that keep to what the fields say. */
function valuesOf(fields: readonly Field[]): fc.Arbitrary<Record<string, unknown>> {
  const members = fields.map((field) => [field.name, memberOf(field)] as const);
  const requiredKeys = fields.filter(({ required }) => required).map(({ name }) => name);
  return fc.record(Object.fromEntries(members), { requiredKeys });
}

function memberOf({ choices, placeholder, type, ...field }: Field): fc.Arbitrary<unknown> {
  const { min, max, pattern, fields, item } = field;
  if (choices) return fc.constantFrom(...choices.map(({ value }) => value));
  switch (type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
    case 'number':
      return fc.double({ min: min ?? 0, max: max ?? 1, noNaN: true });
    case 'array':
      return item
        ? fc.uniqueArray(memberOf(item), { minLength: min ?? 0, maxLength: 3 })
        : fc.constant([]);
    case 'object':
      return fields ? valuesOf(fields) : fc.dictionary(fc.string(), fc.jsonValue()).map(asJson);
    default: {
      // The example stands for what a function checks.
      const example =
        placeholder ?? (typeof field.default === 'string' ? field.default : undefined);
      if (example !== undefined) return fc.constant(example);
      return pattern === undefined
        ? fc.string({ minLength: min ?? 0, maxLength: max ?? 50 })
        : fc.stringMatching(new RegExp(pattern));
    }
  }
}

/** As it comes by HTTP: without minus zero, which JSON does not keep. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
