import type { Report } from '#adapters/kit/faults.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import type { DedupeKey } from './dedupe-key.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { compileValue, type ItemContext, type ItemValue } from './item-value.ts';
import type { Resolution } from './type-map.ts';

export interface Entity {
  readonly entityType: string;
  readonly entityId: string;
}

/** Longest name and id, in characters: what the canonical event allows. */
const MAX_LENGTH = 256;

const AT = '/definition/extract/entity';

/**
 * Compiles `entity`. The type defaults to the canonical type's part before the dot. The id is the
 * rule's, else the definition's; where neither names one, each event is an entity of its own.
 *
 * @returns a function that gives the entity, or the text of why there is none
 */
export function compileEntity(
  { entity }: ExtractDefinition,
  verifier: Verifier,
  report: Report,
): (
  context: ItemContext,
  resolution: Resolution & { readonly kind: 'type' },
  key: DedupeKey,
) => Entity | string {
  const type: ItemValue | undefined =
    entity.type === undefined
      ? undefined
      : compileValue(entity.type, verifier, `${AT}/type`, report);
  const id =
    entity.id === undefined ? undefined : compileValue(entity.id, verifier, `${AT}/id`, report);
  return (context, { to, entityId: ruleId }, key) => {
    const entityType = type === undefined ? to.slice(0, to.indexOf('.')) : type(context);
    if (!fits(entityType)) return 'The type of the entity is missing or too long.';
    const readId = ruleId ?? id;
    const entityId = readId === undefined ? key.subject : readId(context);
    if (!fits(entityId)) return 'The id of the entity is missing or too long.';
    return { entityType, entityId };
  };
}

function fits(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text.length <= MAX_LENGTH;
}
