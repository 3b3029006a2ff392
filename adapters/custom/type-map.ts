import type { Report } from '#adapters/kit/faults.ts';
import { EVENT_TYPE_PATTERN, isObservation } from '#schemas/event.ts';
import { type Condition, compileCondition } from './condition.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { type ItemValue, pointerValue } from './item-value.ts';

export type Resolution =
  | {
      readonly kind: 'type';
      /** "entity.verb". */
      readonly to: string;
      /** Where the rule says the id stands, if it says so. */
      readonly entityId: ItemValue | undefined;
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'condition_failed'; readonly rule: number };

/** Finds the canonical type of an item of the provider's type. Never throws. */
export type TypeMap = (providerType: string, item: unknown) => Resolution;

/** Most rules with a condition for one type: each of them may look through the whole item. */
const MAX_CONDITIONS_PER_TYPE = 8;

interface Rule {
  readonly index: number;
  readonly when: Condition | undefined;
  readonly to: string;
  readonly entityId: ItemValue | undefined;
}

const AT = '/definition/extract';
const RESERVED = 'may not end in .observed, which the platform keeps for itself';

/**
 * Compiles `map`, `onUnknownType` and `fallbackType`. Without rules a provider's type that is
 * already canonical stands for itself. Of the rules for a type, the first whose condition holds
 * decides.
 */
export function compileTypeMap(definition: ExtractDefinition, report: Report): TypeMap {
  const map = definition.map.length === 0 ? identity : compileRules(definition, report);
  checkReserved(definition, report);
  const { onUnknownType, fallbackType } = definition;
  if ((onUnknownType === 'raw') !== (fallbackType !== undefined)) {
    report(`${AT}/fallbackType`, 'and onUnknownType raw need each other');
  }
  if (fallbackType === undefined) return map;
  return (providerType, item) => {
    const found = map(providerType, item);
    return found.kind === 'unknown'
      ? { kind: 'type', to: fallbackType, entityId: undefined }
      : found;
  };
}

function compileRules({ map }: ExtractDefinition, report: Report): TypeMap {
  const rules = new Map<string, Rule[]>();
  for (const [index, { type, when, to, entityId }] of map.entries()) {
    const at = `${AT}/map/${index}/when`;
    const rule = {
      index,
      when: when === undefined ? undefined : compileCondition(when, at, report),
      to,
      entityId: entityId === undefined ? undefined : pointerValue(entityId),
    };
    const sameType = [...(rules.get(type) ?? []), rule];
    if (sameType.filter((one) => one.when !== undefined).length > MAX_CONDITIONS_PER_TYPE) {
      report(at, `is one condition too many: ${MAX_CONDITIONS_PER_TYPE} per type are allowed`);
    }
    rules.set(type, sameType);
  }
  return (providerType, item) => {
    for (const { index, when, to, entityId } of rules.get(providerType) ?? []) {
      try {
        if (when?.({ item, eventType: providerType }) ?? true) {
          return { kind: 'type', to, entityId };
        }
      } catch {
        // The message would quote the item; the number of the rule says enough.
        return { kind: 'condition_failed', rule: index };
      }
    }
    return { kind: 'unknown' };
  };
}

const identity: TypeMap = (providerType) =>
  EVENT_TYPE_PATTERN.test(providerType) && !isObservation(providerType)
    ? { kind: 'type', to: providerType, entityId: undefined }
    : { kind: 'unknown' };

/** An observation is resolved by its adapter; this one resolves none, so it must not make any. */
function checkReserved({ map, fallbackType, eventType }: ExtractDefinition, report: Report): void {
  for (const [index, { to }] of map.entries()) {
    if (isObservation(to)) report(`${AT}/map/${index}/to`, RESERVED);
  }
  if (fallbackType !== undefined && isObservation(fallbackType)) {
    report(`${AT}/fallbackType`, RESERVED);
  }
  const constant = typeof eventType === 'string' ? undefined : eventType.constant;
  if (map.length === 0 && constant !== undefined && isObservation(constant)) {
    report(`${AT}/eventType/constant`, RESERVED);
  }
}
