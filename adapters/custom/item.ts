import type { EventDraft } from '#adapters/kit/adapter.ts';
import type { Refusal } from '#adapters/kit/batch.ts';
import type { Report } from '#adapters/kit/faults.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import { findInexact } from '#schemas/exact.ts';
import { compileDedupeKey } from './dedupe-key.ts';
import type { SkipReason } from './definition.ts';
import { compileEntity } from './entity.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { compileItemSchema } from './item-schema.ts';
import { compileValue, type ItemContext, type ItemValue, pointerValue } from './item-value.ts';
import { compileOccurredAt } from './occurred-at.ts';
import { compilePayload } from './payload.ts';
import { compileTypeMap } from './type-map.ts';

/**
 * Reads one item: its draft, none for a type that is dropped, or why it is skipped.
 *
 * @throws InvalidBody when an item breaks a schema whose onInvalid is fail
 */
export type ItemReader = (context: ItemContext) => readonly EventDraft[] | Refusal;

/** Longest actor kept, in characters: what the canonical event allows. */
const MAX_ACTOR_LENGTH = 256;

const DROPPED: readonly EventDraft[] = [];

/** Compiles how one item becomes a draft. A fault of one item never touches another. */
export function compileItem(
  definition: ExtractDefinition,
  verifier: Verifier,
  report: Report,
): ItemReader {
  const at = '/definition/extract/eventType';
  const eventType = compileValue(definition.eventType, verifier, at, report);
  const resolve = compileTypeMap(definition, report);
  const breaksSchema = compileItemSchema(definition.inputSchema, 'inputSchema', report);
  const dedupeKey = compileDedupeKey(definition, verifier, report);
  const entity = compileEntity(definition, verifier, report);
  const occurredAt = compileOccurredAt(definition);
  const actor = definition.actor === undefined ? undefined : pointerValue(definition.actor);
  const payloadOf = compilePayload(definition, report);

  return (context) => {
    const { item } = context;
    if (!isObject(item)) return skip('invalid_item', 'The item is not a JSON object.');
    const inexact = findInexact(item);
    if (inexact !== undefined) return skip('invalid_item', `The item is ${inexact.message}.`);
    const providerType = eventType(context);
    if (!providerType) return skip('missing_type', 'The item has no event type.');
    const resolution = resolve(providerType, item);
    if (resolution.kind === 'condition_failed') {
      const detail = `The condition of rule ${resolution.rule} could not be evaluated.`;
      return skip('condition_failed', detail);
    }
    if (resolution.kind === 'unknown') {
      if (definition.onUnknownType === 'drop') return DROPPED;
      return skip('unknown_type', 'No rule of the map takes the type of the item.');
    }
    const broken = breaksSchema(item);
    if (broken !== undefined) return skip('input_schema', broken);
    const key = dedupeKey(context, providerType);
    const subject = entity(context, resolution, key);
    if (typeof subject === 'string') return skip('invalid_entity', subject);
    const occurredAtMs = occurredAt(context);
    if (occurredAtMs === undefined) {
      return skip('invalid_occurred_at', 'The time of the item is not of occurredAt.format.');
    }
    const outcome = payloadOf(item);
    if ('reason' in outcome) return outcome;
    const draft = {
      eventType: resolution.to,
      ...subject,
      occurredAtMs,
      actor: actorOf(actor, context),
      payload: outcome.payload,
      dedupeKey: key.text,
    };
    return [draft];
  };
}

function skip(reason: SkipReason, detail: string): Refusal {
  return { reason, detail };
}

function actorOf(read: ItemValue | undefined, context: ItemContext): string | null {
  const text = read?.(context);
  return text !== undefined && text !== '' && text.length <= MAX_ACTOR_LENGTH ? text : null;
}
