import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { InternalError } from '#schemas/problems.ts';
import { completeOperation } from './complete-operation.ts';
import { describeRoute, FACTS, type RouteFacts } from './describe-route.ts';
import type {
  Components,
  Method,
  OpenApiDocument,
  Operation,
  PathItem,
  Schema,
} from './document-types.ts';
import { HEADERS, PARAMETERS, SECURITY_SCHEMES, TAGS } from './shared-parts.ts';
import { mapSchema, mapValues, openToMoreFields, withoutNoise } from './tidy-schema.ts';

const INFO = {
  title: 'Tributary',
  description:
    'Signed CRM webhooks in, durable canonical events out. Every error is a problem (RFC 9457) with a stable code. Lists are pages: send `next_cursor` as `cursor` for the next. Within version 1 fields, operations and codes are added, and none is changed or removed.',
  version: '1',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

/** Options of @fastify/swagger: the document is made of the routes alone, when it is first asked for. */
export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: INFO,
    components: { securitySchemes: { ...SECURITY_SCHEMES } },
  },
  convertConstToEnum: false,
  transform: describeRoute,
  transformObject: (made) =>
    completeDocument(jsonSchemaTransformObject(made) as unknown as OpenApiDocument) as object,
};

/**
 * The document with what follows from its routes.
 *
 * @throws InternalError when two operations would have one name
 */
export function completeDocument(made: OpenApiDocument): OpenApiDocument {
  const components = completeComponents(made.components);
  const paths: Record<string, PathItem> = {};
  const names = new Map<string, string>();
  for (const [path, item] of Object.entries(made.paths)) {
    const completed: PathItem = {};
    paths[path] = completed;
    for (const [method, operation] of Object.entries(item) as [Method, Operation][]) {
      const { [FACTS]: facts, ...rest } = withTidySchemas(operation);
      if (!facts) continue;
      const one = completeOperation({ method, path }, rest, facts as RouteFacts, components);
      const { operationId = '' } = one;
      const other = names.get(operationId);
      if (other) {
        throw new InternalError(
          `${method} ${path} and ${other} are both called ${operationId}. Give one of them an operationId.`,
        );
      }
      names.set(operationId, `${method} ${path}`);
      completed[method] = one;
    }
  }
  const used = usedComponents(paths, components);
  return { ...made, tags: usedTags(paths), paths, components: { ...components, schemas: used } };
}

function completeComponents({ schemas, ...rest }: Components): Components {
  const tidy = mapValues(schemas, (schema) => mapSchema(schema, withoutNoise));
  // Names of what is sent end in Input; all others are of answers.
  const opened = Object.entries(tidy).map(
    ([name, schema]) =>
      [name, name.endsWith('Input') ? schema : mapSchema(schema, openToMoreFields)] as const,
  );
  return {
    ...rest,
    schemas: Object.fromEntries(opened),
    parameters: { ...PARAMETERS },
    headers: { ...HEADERS },
  };
}

/** The same with tidy schemas, and none of it shared with another operation. */
function withTidySchemas(operation: Operation): Operation {
  const tidy = <One extends { schema: Schema }>(one: One): One => ({
    ...one,
    schema: mapSchema(one.schema, withoutNoise),
  });
  const { parameters, requestBody, responses } = operation;
  return {
    ...operation,
    ...(parameters && {
      parameters: parameters.map((one) => ('$ref' in one ? one : tidy(one))),
    }),
    ...(requestBody && {
      requestBody: { ...requestBody, content: mapValues(requestBody.content, tidy) },
    }),
    responses: mapValues(responses, (response) => ({
      ...response,
      ...(response.content && { content: mapValues(response.content, tidy) }),
    })),
  };
}

/** The schemas that operations refer to, and those that they refer to themselves. */
function usedComponents(paths: object, { schemas }: Components): Record<string, Schema> {
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(
      /"\$ref":"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name] ?? {});
    }
  };
  visit(paths);
  const names = Object.keys(schemas).filter((name) => used.has(name));
  return Object.fromEntries(names.toSorted().map((name) => [name, schemas[name] ?? {}]));
}

function usedTags(paths: Readonly<Record<string, PathItem>>): OpenApiDocument['tags'] {
  const used = new Set(
    Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap((operation) => operation?.tags ?? []),
    ),
  );
  return [...used].sort().map((name) => ({ name, description: TAGS[name] ?? '' }));
}
