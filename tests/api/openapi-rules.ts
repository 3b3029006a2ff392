// What OpenAPI 3.1 asks of the objects that this API writes, as JSON Schema. It allows no field that the
// standard does not have; what it says of references between objects is in document-faults.ts.

const ref = (name: string) => ({ $ref: `#/$defs/${name}` });
const mapOf = (value: object) => ({ type: 'object', additionalProperties: value });
const text = { type: 'string', minLength: 1 };

/** An object with these fields, those that are required, and extensions. */
function object(properties: Record<string, object>, required: readonly string[] = []) {
  return {
    type: 'object',
    properties,
    required,
    patternProperties: { '^x-': true },
    additionalProperties: false,
  };
}

const orReference = (name: string) => ({ anyOf: [ref('reference'), ref(name)] });
const method = ref('operation');
const example = { example: {}, examples: mapOf(object({ summary: text, value: {} })) };

export const OPENAPI_RULES = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...object(
    {
      openapi: { type: 'string', pattern: '^3\\.1\\.\\d+$' },
      info: ref('info'),
      servers: { type: 'array', items: object({ url: text, description: text }, ['url']) },
      tags: { type: 'array', items: object({ name: text, description: text }, ['name']) },
      paths: {
        type: 'object',
        propertyNames: { pattern: '^/' },
        additionalProperties: object({
          get: method,
          put: method,
          post: method,
          delete: method,
          patch: method,
        }),
      },
      components: ref('components'),
    },
    ['openapi', 'info', 'paths'],
  ),
  $defs: {
    info: object(
      {
        title: text,
        summary: text,
        description: text,
        version: text,
        license: object({ name: text, identifier: text }, ['name']),
      },
      ['title', 'version'],
    ),
    components: {
      ...object({
        schemas: mapOf({ type: 'object' }),
        parameters: mapOf(ref('parameter')),
        headers: mapOf(ref('header')),
        securitySchemes: mapOf(ref('securityScheme')),
      }),
      additionalProperties: { propertyNames: { pattern: '^[A-Za-z0-9._-]+$' } },
    },
    operation: object(
      {
        operationId: text,
        summary: text,
        description: text,
        tags: { type: 'array', items: text, minItems: 1 },
        deprecated: { type: 'boolean' },
        security: { type: 'array', items: mapOf({ type: 'array', items: text }) },
        parameters: { type: 'array', items: orReference('parameter') },
        requestBody: ref('requestBody'),
        responses: {
          type: 'object',
          minProperties: 1,
          propertyNames: { pattern: '^([1-5](\\d\\d|XX)|default)$' },
          additionalProperties: orReference('response'),
        },
      },
      ['responses'],
    ),
    parameter: {
      ...object(
        {
          name: text,
          in: { enum: ['query', 'header', 'path', 'cookie'] },
          required: { type: 'boolean' },
          deprecated: { type: 'boolean' },
          description: text,
          schema: { type: 'object' },
          ...example,
        },
        ['name', 'in', 'schema'],
      ),
      if: { properties: { in: { const: 'path' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { properties: { required: { const: true } }, required: ['required'] },
    },
    requestBody: object(
      { description: text, required: { type: 'boolean' }, content: ref('content') },
      ['content'],
    ),
    response: object(
      { description: text, headers: mapOf(orReference('header')), content: ref('content') },
      ['description'],
    ),
    header: object({ description: text, schema: { type: 'object' }, ...example }, ['schema']),
    content: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^[\\w.+*-]+/[\\w.+*-]+$' },
      additionalProperties: {
        ...object({ schema: { type: 'object' }, ...example }, ['schema']),
        not: { required: ['example', 'examples'] },
      },
    },
    reference: object({ $ref: text, summary: text, description: text }, ['$ref']),
    securityScheme: {
      oneOf: [
        object({ type: { const: 'http' }, scheme: text, bearerFormat: text, description: text }, [
          'type',
          'scheme',
        ]),
        object(
          {
            type: { const: 'apiKey' },
            in: { enum: ['query', 'header', 'cookie'] },
            name: text,
            description: text,
          },
          ['type', 'in', 'name'],
        ),
      ],
    },
  },
} as const;
