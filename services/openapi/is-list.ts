import type { Operation, Schema } from './document-types.ts';

/**
 * True for an operation that lists what its path names: `GET /v1/dead-letters` answers an array
 * `dead_letters`, or by its last word `letters`.
 */
export function isList(path: string, method: string, operation: Operation): boolean {
  return method === 'get' && listField(path, operation.responses['200']?.content) !== undefined;
}

/** The field of an answer that holds the things the path names. */
export function listField(
  path: string,
  content: Readonly<Record<string, { readonly schema: Schema }>> | undefined,
): string | undefined {
  const word = path.split('/').at(-1)?.replaceAll('-', '_') ?? '';
  const { properties = {} } = content?.['application/json']?.schema ?? {};
  return Object.keys(properties).find(
    (name) => properties[name]?.type === 'array' && (word === name || word.endsWith(`_${name}`)),
  );
}
