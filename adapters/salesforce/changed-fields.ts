import type { ChangeEvent } from './change-event.ts';
import type { Fields } from './sobject.ts';

/** Most names read of a list in the header. Objects have at most 800 custom fields. */
const MAX_NAMES = 1_000;
const FIELD_NAME = /^[A-Za-z][\w.]{0,127}$/;

/**
 * The fields a change event states. Through the Pub/Sub API, fields that did not change are null like
 * those that lost their value, and only the header tells the two apart; the Streaming API leaves them
 * out. Source: Streaming API Developer Guide, "Differences Between Change Events Received with
 * Streaming API vs. Pub/Sub API".
 *
 * @param id of the record, which an event states in its header only
 */
export function changedFields({ gap, header, body }: ChangeEvent, id: string): Fields {
  const fields = new Map<string, unknown>([['Id', id]]);
  if (gap) return Object.fromEntries(fields);
  const nulled = names(header.nulledFields);
  const changed = names(header.changedFields);
  const told = new Set([...(nulled ?? []), ...(changed ?? [])]);
  const tellsNulls = nulled !== undefined || changed !== undefined;
  for (const [name, value] of Object.entries(body)) {
    if (value !== null || !tellsNulls || told.has(name)) fields.set(name, value);
  }
  for (const name of nulled ?? []) if (FIELD_NAME.test(name)) fields.set(name, null);
  return Object.fromEntries(fields);
}

/** Names of fields. What the Pub/Sub API sends undecoded, bitmaps such as `0x650004E0`, are none. */
function names(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, MAX_NAMES).filter((name) => typeof name === 'string');
}
