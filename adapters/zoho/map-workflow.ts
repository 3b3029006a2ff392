import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import { parseInstant } from '#adapters/kit/instant.ts';
import { InvalidBody } from '#schemas/problems.ts';
import type { ReadJson } from './body.ts';
import { MAX_IDS } from './definition.ts';
import { bodyHash, type Fields, isSubject, mapRecords, readSubject, without } from './records.ts';
import { hasMoreThan, readWorkflowBody } from './workflow-body.ts';

/** Fields with a meaning of their own; every other one is a value of the record. */
const NOT_VALUES: ReadonlySet<string> = new Set([
  'token',
  'module',
  'operation',
  'ids',
  'id',
  'modified_time',
]);

/**
 * Maps a workflow webhook, whose body is what its author made it: the convention of
 * docs/providers/zoho.md. Without a time it is placed at its receipt, and told from others by its
 * bytes.
 *
 * @throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing can be used
 */
export function mapWorkflow(request: WebhookRequest, readJson: ReadJson): WebhookResult {
  const body = readWorkflowBody(request, readJson);
  const subject = readSubject(body);
  if (!isSubject(subject)) return { drafts: [], skipped: [subject] };
  const { module, operation, change } = subject;
  const modifiedTime = textOf(body.modified_time) ?? textOf(body.Modified_Time);
  const modifiedAtMs = parseInstant(modifiedTime ?? '', 'iso8601');
  const state =
    modifiedAtMs === undefined ? `sha256|${bodyHash(request.body)}` : `time|${modifiedAtMs}`;
  return mapRecords({
    subject,
    ...readIds(body),
    occurredAtMs: modifiedAtMs ?? request.receivedAtMs,
    shared: {
      channel: 'workflow',
      module,
      operation,
      modified_time: modifiedTime ?? null,
      values: without(body, NOT_VALUES),
    },
    keyOf: (id) => `workflow|${module}|${change}|${id}|${state}`,
    ownOf: () => ({}),
  });
}

/** `ids`, a list or text with commas between them; else `id`. */
function readIds({ ids, id }: Fields) {
  if (ids === undefined || ids === null || ids === '') {
    if (id === undefined) throw new InvalidBody('The body must hold id or ids: the record ids.');
    return { ids: [id], pointerOf: () => '/id' };
  }
  const pointerOf = (index: number) => `/ids/${index}`;
  if (Array.isArray(ids)) return { ids: ids as readonly unknown[], pointerOf };
  const text = String(typeof ids === 'object' ? '' : ids);
  if (hasMoreThan(text, ',', MAX_IDS - 1)) {
    throw new InvalidBody(`The body names more than ${MAX_IDS} records.`);
  }
  return { ids: text.split(',').map((part) => part.trim()), pointerOf };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
