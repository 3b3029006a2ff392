import { parseInstant } from '#adapters/kit/instant.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { type ItemContext, pointerValue } from './item-value.ts';

/**
 * Compiles `occurredAt`. An item without a time takes the time of receipt.
 *
 * @returns a function that gives milliseconds; undefined for a malformed time
 */
export function compileOccurredAt({
  occurredAt,
}: ExtractDefinition): (context: ItemContext) => number | undefined {
  if (occurredAt === undefined) return ({ reader }) => reader.request.receivedAtMs;
  const read = pointerValue(occurredAt.path);
  return (context) => {
    const text = read(context);
    if (text === undefined) return context.reader.request.receivedAtMs;
    return parseInstant(text, occurredAt.format, occurredAt.assumeUtc);
  };
}
