import { parseInstant } from '#adapters/kit/instant.ts';
import type { Fields } from './sobject.ts';

/** A field that holds a time: ISO 8601 text or, in decoded change events, milliseconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return parseInstant(String(value), 'ms');
  return typeof value === 'string' ? parseInstant(value, 'iso8601') : undefined;
}

/**
 * When the state of a record came to be, in milliseconds. `SystemModstamp` moves with every change;
 * `LastModifiedDate` only with those of users. Source: Object Reference, "System Fields".
 */
export function stateTime(record: Fields): number | undefined {
  return timeOf(record.SystemModstamp) ?? timeOf(record.LastModifiedDate);
}
