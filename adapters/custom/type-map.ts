import type { Report } from '#adapters/kit/faults.ts';
import { EVENT_TYPE_PATTERN } from '#schemas/event.ts';
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

/**
 * Compiles `map`. Without rules a provider's type that is already canonical stands for itself. Of
 * the rules for a type, the first whose condition holds decides.
 */
export function compileTypeMap({ map }: ExtractDefinition, report: Report): TypeMap {
  if (map.length === 0) return identity;
  const rules = new Map<string, Rule[]>();
  for (const [index, { type, when, to, entityId }] of map.entries()) {
    const at = `/definition/extract/map/${index}/when`;
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
  EVENT_TYPE_PATTERN.test(providerType)
    ? { kind: 'type', to: providerType, entityId: undefined }
    : { kind: 'unknown' };
