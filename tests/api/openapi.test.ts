// The document of the API. Real: all routes of the role that serves it, over stand-ins; see
// scripts/api-document.ts. That a server serves it, with every route, is in access.test.ts.
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PROBLEM_KINDS } from '#schemas/problems.ts';
import { reads } from '#services/access/access.ts';
import { PROBLEMS } from '#services/http/openapi.ts';
import { nextCursor, notPaged, pageQuery } from '#services/http/paging.ts';
import { createServer } from '#services/http/server.ts';
import { FACTS } from '#services/openapi/describe-route.ts';
import { completeDocument } from '#services/openapi/document.ts';
import type { Media, OpenApiDocument, Schema } from '#services/openapi/document-types.ts';
import { mapSchema, mapValues } from '#services/openapi/tidy-schema.ts';
import { startControl } from '#services/roles/control.ts';
import { startIntake } from '#services/roles/intake.ts';
import { apiDocument } from '../../scripts/api-document.ts';
import { OPENAPI_RULES } from './openapi-rules.ts';
import {
  badNames,
  bodySchemas,
  missingFrom,
  operationsOf,
  type PlacedOperation,
  pagingFaults,
  parametersOf,
} from './operation-faults.ts';

const document = await apiDocument();
const operations = operationsOf(document);

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
  it('is as OpenAPI 3.1 asks, also where webhooks are taken', async () => {
    const validate = newAjv().compile(OPENAPI_RULES);
    const withWebhooks = await apiDocument([startIntake, startControl]);
    expect(Object.keys(withWebhooks.paths)).toContain('/webhooks/{provider}/{connection_id}');
    for (const one of [document, withWebhooks]) {
      validate(one);
      expect(validate.errors ?? []).toEqual([]);
    }
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
    expect(faults).toEqual([]);
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

/** The one operation of a server that has this route alone. */
async function documented(url: string, schema: object, config: object = reads('org')) {
  const server = await createServer({
    logger: pino({ level: 'silent' }),
    bodyLimitBytes: 1_024,
    operatorTenantId: 'acme',
    authenticate: () => Promise.reject(new Error('There is nobody.')),
  });
  server.get(url, { config, schema }, async () => ({}));
  await server.ready();
  const made = server.swagger() as unknown as OpenApiDocument;
  await server.close();
  return { made, placed: operationsOf(made)[0] as PlacedOperation };
}

const whole = {
  summary: 'List things',
  tags: ['events'],
  querystring: z.object(pageQuery),
  response: {
    200: z.object({ things: z.array(z.object({ id: z.string() })), next_cursor: nextCursor }),
    ...PROBLEMS,
  },
};
const { 200: page } = whole.response;

describe('what a route lacks is said', () => {
  it('and a whole one lacks nothing', async () => {
    const { made, placed } = await documented('/v1/things', whole);
    expect([
      ...missingFrom(placed, made),
      ...badNames(placed, made),
      ...pagingFaults(placed, made),
    ]).toEqual([]);
  });

  const lacking: { name: string; schema: object; says: RegExp }[] = [
    { name: 'its summary', schema: { ...whole, summary: undefined }, says: /schema\.summary/ },
    { name: 'its tag', schema: { ...whole, tags: undefined }, says: /schema\.tags/ },
    { name: 'words about its tag', schema: { ...whole, tags: ['x'] }, says: /shared-parts/ },
    {
      name: 'problems',
      schema: { ...whole, response: { 200: page, '4xx': PROBLEMS['4xx'] } },
      says: /\.\.\.PROBLEMS/,
    },
    { name: 'an answer', schema: { ...whole, response: PROBLEMS }, says: /no 2xx answer/ },
  ];
  it.each(lacking)('$name', async ({ schema, says }) => {
    const { made, placed } = await documented('/v1/things', schema);
    expect(missingFrom(placed, made)).toEqual([expect.stringMatching(says)]);
  });

  const named = [
    { name: 'a path', url: '/v1/bigThings', schema: {}, bad: 'bigThings' },
    { name: 'a parameter', url: '/v1/things/:thingId', schema: {}, bad: 'thingId' },
    {
      name: 'a field',
      url: '/v1/thing',
      schema: { response: { 200: z.object({ a: z.array(z.object({ ofOne: z.string() })) }) } },
      bad: 'ofOne',
    },
  ];
  it.each(named)('of the name of $name', async ({ url, schema, bad }) => {
    const { made, placed } = await documented(url, schema);
    expect(badNames(placed, made)).toEqual([bad]);
  });

  const unpaged: { name: string; schema: object; says: RegExp }[] = [
    {
      name: 'its cursor',
      schema: { ...whole, querystring: z.object({ limit: pageQuery.limit }) },
      says: /does not take a cursor/,
    },
    {
      name: 'another limit',
      schema: { ...whole, querystring: z.object({ ...pageQuery, limit: z.coerce.number().int() }) },
      says: /limit of all lists/,
    },
    {
      name: 'its next cursor',
      schema: { ...whole, response: { 200: page.omit({ next_cursor: true }), ...PROBLEMS } },
      says: /has no next_cursor/,
    },
    {
      name: 'the things its path names',
      schema: { ...whole, response: { 200: z.object({ items: z.array(z.string()) }) } },
      says: /no array "things"/,
    },
    {
      name: 'why it is paged after all',
      schema: { ...whole, description: notPaged('they are few.') },
      says: /is said not to be paged/,
    },
  ];
  it.each(unpaged)('when a list has $name', async ({ schema, says }) => {
    const { made, placed } = await documented('/v1/things', schema);
    expect(pagingFaults(placed, made)).toEqual([expect.stringMatching(says)]);
  });

  it('when two have one name', async () => {
    const { made, placed } = await documented('/v1/things', whole);
    const facts = {
      access: reads('org').access,
      idempotent: false,
      secretFields: [],
      problems: [],
    };
    const get = { ...placed.operation, operationId: 'same', responses: {}, [FACTS]: facts };
    const paths = { '/v1/things': { get }, '/v1/others': { get } };
    expect(() => completeDocument({ ...made, paths })).toThrow(/are both called same/);
  });
});
