// What an operation of this API must say, besides what OpenAPI asks. Faults are in words: whoever adds a
// route reads here what it lacks.
import type {
  Method,
  OpenApiDocument,
  Operation,
  Parameter,
  Schema,
} from '#services/openapi/document-types.ts';
import { resolveSchema } from '#services/openapi/document-types.ts';
import { isList, listField } from '#services/openapi/is-list.ts';
import { isPlural } from '#services/openapi/operation-id.ts';

export interface PlacedOperation {
  readonly name: string;
  readonly path: string;
  readonly method: Method;
  readonly operation: Operation;
}

/** Every operation of the document, by method and path. */
export function operationsOf(document: OpenApiDocument): PlacedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      method: method as Method,
      operation,
    })),
  );
}

/** Parameters, shared ones included. */
export function parametersOf(operation: Operation, document: OpenApiDocument): Parameter[] {
  return (operation.parameters ?? []).map((one) => {
    if (!('$ref' in one)) return one;
    const found = document.components.parameters?.[one.$ref.split('/').at(-1) ?? ''];
    if (!found) throw new Error(`${one.$ref} leads nowhere.`);
    return found;
  });
}

/** What the operation does not say. */
export function missingFrom(placed: PlacedOperation, document: OpenApiDocument): string[] {
  const { operation, path } = placed;
  const { operationId, responses, security, summary, tags = [] } = operation;
  const described = new Map(document.tags?.map(({ name, description }) => [name, description]));
  const declared = parametersOf(operation, document);
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const known = Object.keys(document.components.securitySchemes ?? {});
  const named = (security ?? []).flatMap((scheme) => Object.keys(scheme));
  const success = Object.entries(responses).filter(([status]) => /^[23]/.test(status));
  return [
    !operationId && 'has no operationId',
    !summary && 'has no summary: add schema.summary',
    summary?.endsWith('.') && 'has a summary that ends in a full stop',
    tags.length !== 1 && 'has not one tag: add schema.tags',
    ...tags.map(
      (tag) =>
        !described.get(tag) &&
        `has the tag "${tag}": describe it in services/openapi/shared-parts.ts`,
    ),
    !operation['x-access'] && 'does not say who may call it',
    ...named.map(
      (name) => !known.includes(name) && `asks for ${name}, which is no security scheme`,
    ),
    success.length === 0 && 'has no 2xx answer, nor a redirection: add one to schema.response',
    ...success.map(([status, { content }]) =>
      status === '204'
        ? content && 'has a body in its 204'
        : status.startsWith('2') &&
          !content &&
          `says nothing of its ${status}: add it to schema.response`,
    ),
    ...['4XX', '5XX'].map(
      (range) =>
        !responses[range]?.content?.['application/problem+json'] &&
        `has no problems for ${range}: add ...PROBLEMS to schema.response`,
    ),
    ...inPath.map(
      (name) =>
        !declared.some((one) => one.in === 'path' && one.name === name) &&
        `does not describe {${name}}: add schema.params`,
    ),
    new Set(declared.map((one) => `${one.in} ${one.name}`)).size < declared.length &&
      'has a parameter twice',
  ].filter((fault) => typeof fault === 'string');
}

const SNAKE_CASE = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;

/** Names that are not in snake_case: of parameters and of fields, wherever in the schemas. */
export function badNames(
  { operation, path }: PlacedOperation,
  document: OpenApiDocument,
): string[] {
  const names = parametersOf(operation, document)
    .filter((one) => one.in !== 'header')
    .map(({ name }) => name);
  const seen = new Set<Schema>();
  const visit = (schema: Schema): void => {
    const resolved = resolveSchema(schema, document.components);
    if (seen.has(resolved)) return;
    seen.add(resolved);
    names.push(...Object.keys(resolved.properties ?? {}));
    for (const inner of innerSchemas(resolved)) visit(inner);
  };
  for (const schema of bodySchemas(operation)) visit(schema);
  const words = path.split('/').filter((part) => part !== '' && !part.startsWith('{'));
  return [
    ...names.filter((name) => !SNAKE_CASE.test(name)),
    ...words.filter((word) => !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(word)),
  ];
}

/** How a list is paged otherwise than all others. */
export function pagingFaults(placed: PlacedOperation, document: OpenApiDocument): string[] {
  const { method, operation, path } = placed;
  const last = path.split('/').at(-1) ?? '';
  const content = operation.responses['200']?.content;
  if (method !== 'get' || !isPlural(last)) return [];
  if (!isList(path, method, operation)) return [`answers no array "${last.replaceAll('-', '_')}"`];
  const properties = content?.['application/json']?.schema.properties ?? {};
  if (operation.description?.includes('Not paged: ')) {
    return 'next_cursor' in properties ? ['is said not to be paged, and has next_cursor'] : [];
  }
  const query = parametersOf(operation, document).filter((one) => one.in === 'query');
  const of = (name: string) => query.find((one) => one.name === name)?.schema;
  return [
    !properties.next_cursor && `has no next_cursor beside "${listField(path, content)}"`,
    !same(of('limit'), { default: 50, type: 'integer', minimum: 1, maximum: 500 }) &&
      'does not take the limit of all lists',
    !same(of('cursor'), { type: 'string', maxLength: 500 }) && 'does not take a cursor',
  ]
    .filter((fault) => typeof fault === 'string')
    .map((fault) => `${fault}: spread pageQuery into schema.querystring, or say notPaged(why)`);
}

export function bodySchemas(operation: Operation): Schema[] {
  const contents = [
    operation.requestBody?.content,
    ...Object.values(operation.responses).map(({ content }) => content),
  ];
  return contents.flatMap((content) => Object.values(content ?? {}).map(({ schema }) => schema));
}

function innerSchemas(schema: Schema): Schema[] {
  return [
    ...Object.values(schema.properties ?? {}),
    ...(schema.prefixItems ?? []),
    ...[schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => list ?? []),
    ...[schema.items, schema.additionalProperties].filter((one) => typeof one === 'object'),
  ];
}

function same(schema: Schema | undefined, expected: Schema): boolean {
  return Object.entries(expected).every(([key, value]) => schema?.[key as keyof Schema] === value);
}
