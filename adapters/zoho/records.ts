import { hash } from 'node:crypto';
import type { EventDraft, SkippedItem, WebhookResult } from '#adapters/kit/adapter.ts';
import { invalidItem, mapItems, type Refusal } from '#adapters/kit/batch.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { findInexact } from '#schemas/exact.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { type Change, type Entity, MAX_IDS, MODULES, OPERATIONS } from './definition.ts';
import { idText } from './id.ts';

/** A JSON object of untrusted fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a body is about: the records of one module, and what happened to them. */
export interface Subject {
  readonly module: string;
  readonly operation: string;
  readonly entity: Entity;
  readonly change: Change;
}

/** What the drafts of one body share. */
export interface Batch {
  readonly subject: Subject;
  /** As the body holds them. */
  readonly ids: readonly unknown[];
  readonly pointerOf: (index: number) => string;
  readonly occurredAtMs: number;
  /** In the payload of every record. */
  readonly shared: Fields;
  /** The dedupe key of a record. */
  readonly keyOf: (id: string) => string;
  /** What the body says of one record alone: exact or not, it is checked. */
  readonly ownOf: (id: string) => Fields;
}

/**
 * Most characters of JSON that what the records of a body share may come to, once each of them has
 * its copy: a body must not grow without bound by being cut into events.
 */
const MAX_SHARED_CHARACTERS = 4 * 1024 * 1024;

/**
 * Reads module and operation.
 *
 * @returns the item to skip where there is no mapping for them
 * @throws InvalidBody when one is missing
 */
export function readSubject({ module, operation }: Fields): Subject | SkippedItem {
  if (typeof module !== 'string') {
    throw new InvalidBody('module must be the API name of a module, such as Deals.');
  }
  if (typeof operation !== 'string') {
    throw new InvalidBody('operation must be text: insert, update or delete.');
  }
  const entity = MODULES.get(module);
  if (entity === undefined) {
    const detail = 'There is no mapping for this module.';
    return { pointer: '/module', reason: 'unknown_module', detail };
  }
  const change = OPERATIONS.get(operation.slice(0, 16).toLowerCase());
  if (change === undefined) {
    const detail = 'The operation is none of insert, create, update, edit and delete.';
    return { pointer: '/operation', reason: 'unknown_operation', detail };
  }
  return { module, operation, entity, change };
}

export function isSubject(read: Subject | SkippedItem): read is Subject {
  return 'entity' in read;
}

/** Makes one draft of each record. @throws InvalidBody when the body holds too much for that */
export function mapRecords(batch: Batch): WebhookResult {
  const { ids, shared } = batch;
  if (ids.length > MAX_IDS) {
    throw new InvalidBody(`The body names ${ids.length} records; send at most ${MAX_IDS}.`);
  }
  const fault = findInexact(shared)?.message;
  if (fault !== undefined) throw new InvalidBody(`The body cannot be a payload: ${fault}.`);
  if (JSON.stringify(shared).length * ids.length > MAX_SHARED_CHARACTERS) {
    throw new InvalidBody(
      `What ${ids.length} records share is too long to stand in the event of each. Send fewer at once.`,
    );
  }
  // A record that stands in the list a thousand times is mapped once.
  const outcomes = new Map<string, readonly EventDraft[] | Refusal>();
  const mapOne = (value: unknown) => {
    const id = idText(value);
    if (id === undefined) return invalidItem('an id must be 1 to 25 digits');
    const outcome = outcomes.get(id) ?? mapRecord(batch, id);
    outcomes.set(id, outcome);
    return outcome;
  };
  return mapItems(ids, mapOne, batch.pointerOf);
}

function mapRecord(batch: Batch, id: string): readonly EventDraft[] | Refusal {
  const own = batch.ownOf(id);
  const fault = findInexact(own)?.message;
  if (fault !== undefined) return invalidItem(`its values cannot be a payload: ${fault}`);
  const { entity } = batch.subject;
  const payload: Fields = { ...batch.shared, id, ...own };
  return [
    {
      eventType: entity.observed,
      entityType: entity.type,
      entityId: id,
      occurredAtMs: batch.occurredAtMs,
      actor: actorOf(payload.values),
      payload,
      dedupeKey: batch.keyOf(id),
    },
  ];
}

/** The user that Modified_By names, by id. */
function actorOf(values: unknown): string | null {
  const user = isObject(values) ? values.Modified_By : undefined;
  return (isObject(user) ? idText(user.id) : idText(user)) ?? null;
}

/** A copy without some fields. A field named __proto__ stays a field. */
export function without(fields: Fields, names: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.has(name)));
}

export function bodyHash(body: Buffer): string {
  return hash('sha256', body, 'base64url');
}
