import type { EventDraft } from '#adapters/kit/adapter.ts';
import type { Report } from '#adapters/kit/faults.ts';
import { parseInstant } from '#adapters/kit/instant.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import { parsePointer } from '#adapters/kit/json-pointer.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import { findInexact } from '#schemas/exact.ts';
import { InvalidBody } from '#schemas/problems.ts';
import { type DecimalField, normaliseDecimals } from './decimals.ts';
import { compileDedupeKey } from './dedupe-key.ts';
import { compileEntity } from './entity.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { compileInputSchema } from './input-schema.ts';
import { compileValue, type ItemContext, type ItemValue, pointerValue } from './item-value.ts';
import { compileTypeMap, type Resolution } from './type-map.ts';

export type ItemOutcome =
  | { readonly kind: 'draft'; readonly draft: EventDraft }
  | { readonly kind: 'skipped'; readonly reason: SkipReason; readonly detail: string }
  | { readonly kind: 'dropped' };

/** Stable words for the request log; docs/providers/custom.md explains them. */
export const SKIP_REASONS = [
  'invalid_item',
  'missing_type',
  'unknown_type',
  'condition_failed',
  'input_schema',
  'invalid_entity',
  'invalid_occurred_at',
  'invalid_decimal',
] as const;

export type SkipReason = (typeof SKIP_REASONS)[number];

/** @throws InvalidBody when an item breaks an input schema whose onInvalid is fail */
export type ItemReader = (context: ItemContext) => ItemOutcome;

const AT = '/definition/extract';

/** Longest actor kept, in characters: what the canonical event allows. */
const MAX_ACTOR_LENGTH = 256;

/** Compiles how one item becomes a draft. A fault of one item never touches another. */
export function compileItem(
  definition: ExtractDefinition,
  verifier: Verifier,
  report: Report,
): ItemReader {
  const eventType = compileValue(definition.eventType, verifier, `${AT}/eventType`, report);
  const resolve = compileResolve(definition, report);
  const breaksSchema = compileInput(definition, report);
  const dedupeKey = compileDedupeKey(definition, verifier, report);
  const entity = compileEntity(definition, verifier, report);
  const occurredAt = compileOccurredAt(definition);
  const actor = definition.actor === undefined ? undefined : pointerValue(definition.actor);
  const decimals = definition.decimalFields.map(({ pointer, scale }): DecimalField => {
    return { tokens: parsePointer(pointer) ?? [], scale };
  });

  return (context) => {
    const { item } = context;
    if (!isObject(item)) return skip('invalid_item', 'The item is not a JSON object.');
    const inexact = findInexact(item);
    if (inexact !== undefined) return skip('invalid_item', `The item is ${inexact.message}.`);
    const providerType = eventType(context);
    if (!providerType) return skip('missing_type', 'The item has no event type.');
    const resolution = resolve(providerType, item);
    if (resolution.kind === 'condition_failed') {
      return skip(
        'condition_failed',
        `The condition of rule ${resolution.rule} could not be evaluated.`,
      );
    }
    if (resolution.kind === 'unknown') {
      if (definition.onUnknownType === 'drop') return { kind: 'dropped' };
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
    const payload = normaliseDecimals(item, decimals);
    if (typeof payload === 'string') return skip('invalid_decimal', payload);
    return {
      kind: 'draft',
      draft: {
        eventType: resolution.to,
        ...subject,
        occurredAtMs,
        actor: actorOf(actor, context),
        payload,
        dedupeKey: key.text,
      },
    };
  };
}

function skip(reason: SkipReason, detail: string): ItemOutcome {
  return { kind: 'skipped', reason, detail };
}

function compileResolve(definition: ExtractDefinition, report: Report) {
  const map = compileTypeMap(definition, report);
  const { onUnknownType, fallbackType } = definition;
  if ((onUnknownType === 'raw') !== (fallbackType !== undefined)) {
    report(`${AT}/fallbackType`, 'and onUnknownType raw need each other');
  }
  if (fallbackType === undefined) return map;
  return (providerType: string, item: unknown): Resolution => {
    const found = map(providerType, item);
    return found.kind === 'unknown'
      ? { kind: 'type', to: fallbackType, entityId: undefined }
      : found;
  };
}

function compileInput({ inputSchema }: ExtractDefinition, report: Report) {
  if (inputSchema === undefined) return () => undefined;
  const check = compileInputSchema(inputSchema, report);
  if (inputSchema.onInvalid === 'quarantine') return check;
  return (item: unknown) => {
    const broken = check(item);
    if (broken !== undefined) throw new InvalidBody(broken);
    return undefined;
  };
}

/** Milliseconds; the time of receipt for an item without a time; undefined for a malformed one. */
function compileOccurredAt({ occurredAt }: ExtractDefinition) {
  if (occurredAt === undefined) return ({ reader }: ItemContext) => reader.request.receivedAtMs;
  const read = pointerValue(occurredAt.path);
  return (context: ItemContext) => {
    const text = read(context);
    if (text === undefined) return context.reader.request.receivedAtMs;
    return parseInstant(text, occurredAt.format, occurredAt.assumeUtc);
  };
}

function actorOf(read: ItemValue | undefined, context: ItemContext): string | null {
  const text = read?.(context);
  return text !== undefined && text !== '' && text.length <= MAX_ACTOR_LENGTH ? text : null;
}
