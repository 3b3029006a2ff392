import { isUtf8 } from 'node:buffer';
import { parseExact } from '#schemas/json.ts';
import { ContentTypeNotSupported, InvalidJson } from '#schemas/problems.ts';
import type { WebhookRequest } from './adapter.ts';

/**
 * Parses a verified body as JSON, with the exact text of every number a double cannot hold.
 *
 * @throws InvalidJson when it is not UTF-8, not JSON, or nested too deep
 */
export function parseJsonBody(body: Buffer): unknown {
  return parseExact(utf8Text(body));
}

/** @throws InvalidJson when the bytes are not UTF-8: decoding would replace broken ones silently */
export function utf8Text(body: Buffer): string {
  if (!isUtf8(body)) throw new InvalidJson('The body is not UTF-8 text. Send it in UTF-8.');
  return body.toString('utf8');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What senders of JSON put there when they say nothing better. */
const UNTYPED = new Set(['text/plain', 'application/octet-stream']);

/** The media type of a request in lower case, without parameters; undefined when none is stated. */
export function mediaType({ headers }: WebhookRequest): string | undefined {
  const value = headers['content-type'];
  return typeof value === 'string' ? value.split(';', 1)[0]?.trim().toLowerCase() : undefined;
}

/**
 * Refuses a body that says it is something else than JSON. One that says nothing, or nothing of
 * use, is taken: whether it is JSON shows when it is parsed.
 *
 * @throws ContentTypeNotSupported
 */
export function assertJsonType(request: WebhookRequest): void {
  const type = mediaType(request);
  if (type === undefined || type === '' || UNTYPED.has(type)) return;
  if (type === 'application/json' || type.endsWith('+json')) return;
  throw new ContentTypeNotSupported('The body is not JSON by its content type. Send JSON.');
}
