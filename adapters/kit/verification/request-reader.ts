import { parseExact } from '#schemas/json.ts';
import type { WebhookRequest } from '../adapter.ts';
import { parsePointer, readTokens } from '../json-pointer.ts';
import type { Place } from './definitions.ts';
import { singleHeader } from './signature.ts';

/** Largest body parsed before it is verified, in bytes: only `body-pointer` asks for it. */
export const MAX_UNVERIFIED_JSON_BYTES = 64 * 1024;

/** Reads single values of a request, each from one place and never from two. */
export interface RequestReader {
  readonly request: WebhookRequest;
  /** Path and query exactly as received; the query without its question mark. */
  readonly path: string;
  readonly rawQuery: string;
  /** @param name in any case */
  header(name: string): string | undefined;
  /** The decoded value of a parameter that occurs once. */
  query(name: string): string | undefined;
  /** A string or number of an unverified JSON body; undefined past the size limit. */
  body(pointer: string): string | undefined;
}

export function readRequest(request: WebhookRequest): RequestReader {
  const target = request.url.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '');
  const mark = target.indexOf('?');
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1);
  let parameters: URLSearchParams | undefined;
  let document: { readonly value: unknown } | undefined;
  return {
    request,
    path: mark < 0 ? target : target.slice(0, mark),
    rawQuery,
    header: (name) => singleHeader(request, name.toLowerCase()),
    query(name) {
      parameters ??= new URLSearchParams(rawQuery);
      const values = parameters.getAll(name);
      return values.length === 1 ? values[0] : undefined;
    },
    body(pointer) {
      document ??= { value: parseUnverified(request.body) };
      const tokens = parsePointer(pointer);
      const value = tokens === undefined ? undefined : readTokens(document.value, tokens);
      return asText(value);
    },
  };
}

/** Reads a value from the place a definition names. */
export function readPlace(reader: RequestReader, from: Place, name: string): string | undefined {
  if (from === 'header') return reader.header(name);
  return from === 'query' ? reader.query(name) : reader.body(name);
}

/** A string as it is and a number as its exact text; anything else is no text. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

function parseUnverified(body: Buffer): unknown {
  if (body.length > MAX_UNVERIFIED_JSON_BYTES) return undefined;
  try {
    return parseExact(body.toString('utf8'));
  } catch {
    // Nothing is known of the sender yet: a body that does not parse just holds no signature.
    return undefined;
  }
}
