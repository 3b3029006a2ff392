import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { parseForm } from '#adapters/kit/form-body.ts';
import { assertJsonType, isObject, mediaType, utf8Text } from '#adapters/kit/json-body.ts';
import { InvalidBody } from '#schemas/problems.ts';
import type { ReadJson } from './body.ts';
import type { Fields } from './records.ts';

const FORM = 'application/x-www-form-urlencoded';
/** Most fields of a form. */
export const MAX_FORM_FIELDS = 200;

/**
 * Reads the fields of a workflow webhook: a JSON object or a form.
 *
 * @throws InvalidJson, InvalidBody or ContentTypeNotSupported
 */
export function readWorkflowBody(request: WebhookRequest, readJson: ReadJson): Fields {
  if (mediaType(request) === FORM) return formFields(utf8Text(request.body));
  assertJsonType(request);
  const body = readJson(request);
  if (!isObject(body)) throw new InvalidBody('The body must be a JSON object.');
  return body;
}

function formFields(text: string): Fields {
  const fields = new Map<string, string>();
  for (const [name, value] of parseForm(text, MAX_FORM_FIELDS)) {
    // Which of the two is meant, nobody can tell.
    if (fields.has(name)) throw new InvalidBody('The form holds a field twice.');
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

/** True when the text holds a character more often than `count` times. */
export function hasMoreThan(text: string, character: string, count: number): boolean {
  let at = -1;
  for (let found = 0; found <= count; found += 1) {
    at = text.indexOf(character, at + 1);
    if (at < 0) return false;
  }
  return true;
}
