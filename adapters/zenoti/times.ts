import { parseInstant } from '#adapters/kit/instant.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import type { Fields } from './fields.ts';

const MAX_TEXT_LENGTH = 40;

/** Times of the last change and of the creation. Zenoti states them in UTC, mostly without `Z`. */
const CHANGED = ['last_updated_on'];
const CREATED = ['last_updated_on', 'creation_date', 'created_date'];

/**
 * A UTC time of Zenoti, with or without `Z` and with up to nine fraction digits, cut to the
 * millisecond. Not for `*_in_center`, which are local.
 *
 * @returns milliseconds; undefined for anything else, `0001-01-01T00:00:00` included, which means
 *   that there is no time
 */
export function utcMs(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH) return undefined;
  return parseInstant(value, 'iso8601', true);
}

/**
 * The latest time that `data` and its appointments state of a change, for bodies without
 * `event_timestamp`.
 *
 * @param created whether the change is a creation: of any other, the time of creation says nothing
 */
export function statedMs(data: Fields, created: boolean): number | undefined {
  const { appointments } = data;
  const records = [data, ...(Array.isArray(appointments) ? appointments : [])].filter(isObject);
  const names = created ? CREATED : CHANGED;
  let latest: number | undefined;
  for (const record of records) {
    for (const name of names) {
      const ms = utcMs(record[name]);
      if (ms !== undefined && (latest === undefined || ms > latest)) latest = ms;
    }
  }
  return latest;
}
