import type { RefusalReason } from '../adapter.ts';
import { parseInstant } from '../instant.ts';
import type { TimestampDefinition } from './definitions.ts';
import { type RequestReader, readPlace } from './request-reader.ts';
import { staleness } from './signature.ts';
import { valuesOfKey } from './signature-value.ts';

/** The timestamp as sent; with a key, the one value of that key in a list. */
export function readTimestamp(
  definition: TimestampDefinition,
  reader: RequestReader,
): string | undefined {
  const text = readPlace(reader, definition.from, definition.name);
  if (text === undefined || definition.key === undefined) return text;
  const values = valuesOfKey(text, definition.separator, definition.key);
  return values.length === 1 ? values[0] : undefined;
}

/** Why a timestamp is refused, or undefined while it is inside the replay window. */
export function timestampRefusal(
  definition: TimestampDefinition,
  text: string | undefined,
  nowMs: number,
): RefusalReason | undefined {
  if (text === undefined) return 'timestamp_missing';
  return staleness({
    timestampMs: parseInstant(text, definition.unit) ?? Number.NaN,
    nowMs,
    toleranceMs: definition.toleranceSeconds * 1000,
    futureSkewMs: definition.futureSkewSeconds * 1000,
  });
}

/** Spells an instant in the unit of the definition. */
export function spellTimestamp(definition: TimestampDefinition, nowMs: number): string {
  if (definition.unit === 'iso8601') return new Date(nowMs).toISOString();
  return String(definition.unit === 's' ? Math.floor(nowMs / 1000) : nowMs);
}
