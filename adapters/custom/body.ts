import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { parseForm } from '#adapters/kit/form-body.ts';
import { assertJsonType, isObject, mediaType, utf8Text } from '#adapters/kit/json-body.ts';
import { parsePointer, readTokens } from '#adapters/kit/json-pointer.ts';
import { parseExact } from '#schemas/json.ts';
import { ContentTypeNotSupported, InvalidBody } from '#schemas/problems.ts';
import type { ExtractDefinition } from './extract-schema.ts';

/** Most fields of a form. */
const MAX_FORM_FIELDS = 1000;

export interface BodyItem {
  readonly pointer: string;
  readonly value: unknown;
}

export interface ParsedBody {
  readonly document: unknown;
  readonly items: readonly BodyItem[];
}

/**
 * Parses a verified body and finds its items.
 *
 * @throws InvalidJson when it is not JSON or not UTF-8
 * @throws InvalidBody when there is no batch where the definition says, or it is too long
 * @throws ContentTypeNotSupported when it says it is of another format
 */
export function parseBody(definition: ExtractDefinition, request: WebhookRequest): ParsedBody {
  assertContentType(definition, request);
  const text = withoutByteOrderMark(utf8Text(request.body));
  const document = definition.format === 'form' ? formObject(text) : parseExact(text);
  const { batch, maxItems } = definition;
  if (batch === undefined) {
    if (isObject(document)) return { document, items: [{ pointer: '', value: document }] };
    throw new InvalidBody(
      'The body is not a JSON object. If it is a list of items, set extract.batch to its pointer ("" for the body itself).',
    );
  }
  const list = readTokens(document, parsePointer(batch) ?? []);
  if (!Array.isArray(list)) {
    throw new InvalidBody(`The body holds no list at "${batch}", where extract.batch expects one.`);
  }
  if (list.length > maxItems) {
    throw new InvalidBody(
      `The batch holds ${list.length} items; extract.maxItems allows ${maxItems}.`,
    );
  }
  const items = list.map((value: unknown, index) => ({ pointer: `${batch}/${index}`, value }));
  return { document, items };
}

const FORM = 'application/x-www-form-urlencoded';

/** A body that states no type is taken: whether it is of the format shows when it is parsed. */
function assertContentType(
  { format, allowedContentTypes }: ExtractDefinition,
  request: WebhookRequest,
): void {
  const allowed = allowedContentTypes ?? (format === 'form' ? [FORM] : undefined);
  if (allowed === undefined) {
    assertJsonType(request);
    return;
  }
  const type = mediaType(request);
  if (type === undefined || type === '' || allowed.includes(type)) return;
  throw new ContentTypeNotSupported(`Send the body as ${allowed.join(' or ')}.`);
}

/** Some senders put the mark first, which is no JSON. */
function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** A form as an object of texts; a field that occurs several times is a list of texts. */
function formObject(text: string): Readonly<Record<string, unknown>> {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of parseForm(text, MAX_FORM_FIELDS)) {
    const before = fields.get(name);
    if (before === undefined) fields.set(name, value);
    else if (Array.isArray(before)) before.push(value);
    else fields.set(name, [before, value]);
  }
  return Object.fromEntries(fields);
}
