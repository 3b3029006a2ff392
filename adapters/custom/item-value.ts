import type { Report } from '#adapters/kit/faults.ts';
import { parsePointer, readTokens } from '#adapters/kit/json-pointer.ts';
import { asText, type RequestReader } from '#adapters/kit/verification/request-reader.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import type { EventTypeDefinition, ValueDefinition } from './extract-schema.ts';

/** Where values of an item are read from. */
export interface ItemContext {
  readonly item: unknown;
  readonly document: unknown;
  readonly reader: RequestReader;
}

/** A text of an item; undefined when there is none. Numbers come back as their exact text. */
export type ItemValue = (context: ItemContext) => string | undefined;

type Vouches = Pick<Verifier, 'vouchesFor'>;

/**
 * Compiles where to read a value. A header or parameter that the signed content does not fix is
 * reported: whoever replays a signed body could put anything there.
 */
export function compileValue(
  definition: ValueDefinition | EventTypeDefinition,
  verifier: Vouches,
  at: string,
  report: Report,
): ItemValue {
  if (typeof definition === 'string') return pointerValue(definition);
  const { pointer, header, query } = definition;
  if (pointer !== undefined) return pointerValue(pointer);
  if ('constant' in definition) return () => definition.constant;
  if ('bodyPointer' in definition && definition.bodyPointer !== undefined) {
    const read = pointerValue(definition.bodyPointer);
    return (context) => read({ ...context, item: context.document });
  }
  const from = header === undefined ? 'query' : 'header';
  const name = header ?? query ?? '';
  if (!verifier.vouchesFor(from, name)) {
    report(
      `${at}/${from}`,
      `is not part of the signed content, so it can be forged. Add it to content or read the value from the body`,
    );
  }
  return ({ reader }) => (from === 'header' ? reader.header(name) : reader.query(name));
}

/** Compiles a pointer into the item. */
export function pointerValue(pointer: string): ItemValue {
  const tokens = parsePointer(pointer) ?? [];
  return ({ item }) => asText(readTokens(item, tokens));
}
