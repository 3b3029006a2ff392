import { hash } from 'node:crypto';
import { canonicalText } from '#adapters/kit/canonical-text.ts';
import type { Report } from '#adapters/kit/faults.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { compileValue, type ItemContext } from './item-value.ts';

export interface DedupeKey {
  readonly text: string;
  /** What the key says of the item, without its type: an id for items that name no entity. */
  readonly subject: string;
}

/**
 * Compiles `dedupeKey`: the values at all places, in order, with the provider's type. When one is
 * missing, or none is declared, the SHA-256 of the item takes their place: of the body as sent when
 * the body is the item, else of the item's canonical text.
 */
export function compileDedupeKey(
  definition: ExtractDefinition,
  verifier: Verifier,
  report: Report,
): (context: ItemContext, providerType: string) => DedupeKey {
  const values = definition.dedupeKey.map((value, index) =>
    compileValue(value, verifier, `/definition/extract/dedupeKey/${index}`, report),
  );
  return (context, providerType) => {
    const found = values.map((value) => value(context)).filter((text) => text !== undefined);
    if (found.length > 0 && found.length === values.length) {
      return { text: JSON.stringify(['key', providerType, ...found]), subject: found.join(':') };
    }
    const raw =
      definition.batch === undefined ? context.reader.request.body : canonicalText(context.item);
    const digest = hash('sha256', raw, 'hex');
    return { text: JSON.stringify(['sha256', providerType, digest]), subject: digest };
  };
}
