// The document of the API. Real: all routes of the role that serves it, over stand-ins; see
// scripts/api-document.ts. That a server serves it, with every route, is in access.test.ts.
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { PROBLEM_KINDS } from '#schemas/problems.ts';
import type { Media, Schema } from '#services/openapi/document-types.ts';
import { mapSchema, mapValues } from '#services/openapi/tidy-schema.ts';
import { apiDocument } from '../../scripts/api-document.ts';
import { OPENAPI_RULES } from './openapi-rules.ts';
import {
  badNames,
  bodySchemas,
  missingFrom,
  operationsOf,
  pagingFaults,
  parametersOf,
} from './operation-faults.ts';

const document = await apiDocument();
const operations = operationsOf(document);

/** Lists that are still answered whole. One that is paged now has to leave. */
const WHOLE: readonly string[] = ['GET /v1/connections'];

function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  return ajv;
}

/** As strict as can be: an example with a field that the schema does not know is out of date. */
const closed = (schema: Schema): Schema => ({
  ...schema,
  ...(schema.properties && { additionalProperties: schema.additionalProperties ?? false }),
  ...(schema.$ref && { $ref: `document${schema.$ref}` }),
});
const schemas = mapValues(document.components.schemas, (schema) => mapSchema(schema, closed));
const ajv = newAjv().addSchema({ $id: 'document', components: { schemas } });

function faultsOfExample(schema: Schema, example: unknown): unknown[] {
  const validate = ajv.compile(mapSchema(schema, closed));
  validate(example);
  return (validate.errors ?? []).map(({ instancePath, message }) => [
    instancePath,
    message,
    example,
  ]);
}

function examplesOf({ schema, example, examples }: Media): unknown[] {
  const component = document.components.schemas[schema.$ref?.split('/').at(-1) ?? ''];
  return [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples ?? {}).map(({ value }) => value),
    ...(component?.examples ?? []),
  ];
}

describe('the document', () => {
  it('is as OpenAPI 3.1 asks', () => {
    const validate = newAjv().compile(OPENAPI_RULES);
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('has schemas of JSON Schema 2020-12 alone', () => {
    const all = [
      ...Object.values(document.components.schemas),
      ...operations.flatMap(({ operation }) => [
        ...bodySchemas(operation),
        ...parametersOf(operation, document).map(({ schema }) => schema),
      ]),
    ];
    for (const schema of all) expect([schema, ajv.validateSchema(schema)]).toEqual([schema, true]);
  });

  it('has no reference that leads nowhere, and no component that nothing refers to', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    const pointers = new Set(references.map(([, pointer = '']) => pointer));
    for (const pointer of pointers) {
      const found = pointer
        .split('/')
        .reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], document);
      expect([pointer, found]).not.toEqual([pointer, undefined]);
    }
    for (const name of Object.keys(document.components.schemas))
      expect(pointers).toContain(`components/schemas/${name}`);
  });

  it('names the shapes that clients know', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Connection', 'DeadLetter', 'Event', 'Problem', 'Replay']),
    );
  });

  it('lists every code of a problem, and no other', () => {
    expect(document.components.schemas.Problem?.properties?.code?.enum).toEqual(
      PROBLEM_KINDS.map(({ code }) => code),
    );
  });

  it('lets answers grow', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      const isClosed = JSON.stringify(schema).includes('"additionalProperties":false');
      expect([name, isClosed && !name.endsWith('Input')]).toEqual([name, false]);
    }
  });
});

describe.each(operations)('$name', (placed) => {
  const { operation } = placed;

  it('says all that it must', () => {
    expect(missingFrom(placed, document)).toEqual([]);
  });

  it('names things in snake_case', () => {
    expect(badNames(placed, document)).toEqual([]);
  });

  it('pages as all lists do', () => {
    const faults = pagingFaults(placed, document);
    if (WHOLE.includes(placed.name)) expect(faults).not.toEqual([]);
    else expect(faults).toEqual([]);
  });

  it('has examples that fit; give a field .meta({ examples: [...] }) where one does not', () => {
    const medias = [operation.requestBody, ...Object.values(operation.responses)].flatMap((one) =>
      Object.values(one?.content ?? {}),
    );
    for (const media of medias) {
      const found = examplesOf(media);
      expect(found.length).toBeGreaterThan(0);
      for (const example of found) expect(faultsOfExample(media.schema, example)).toEqual([]);
    }
    for (const { name, schema, example } of parametersOf(operation, document))
      expect([name, faultsOfExample(schema, example)]).toEqual([name, []]);
  });
});
