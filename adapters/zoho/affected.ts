import { isObject } from '#adapters/kit/json-body.ts';
import { idText } from './id.ts';
import type { Fields } from './records.ts';

/**
 * Indexes `affected_fields` (`[{id: [name, …]}, …]`) and `affected_values`
 * (`[{record_id, values}, …]`) by record. Both are optional, and what is not of that shape is left
 * out: the id alone is enough for an event. Source: Zoho CRM API v8, "Enable Notifications".
 *
 * @returns what a record's payload holds of them: `affected_fields`, the names, none of an insert;
 *   and `values` by name, null where none are stated
 */
export function indexAffected(body: Fields): (id: string) => Fields {
  const fields = new Map<string, Set<string>>();
  for (const entry of objectsOf(body.affected_fields)) {
    for (const [id, names] of Object.entries(entry)) {
      if (!Array.isArray(names)) continue;
      const known = fields.get(id) ?? new Set();
      for (const name of names) if (typeof name === 'string') known.add(name);
      fields.set(id, known);
    }
  }
  const values = new Map<string, Fields[]>();
  for (const entry of objectsOf(body.affected_values)) {
    const id = idText(entry.record_id);
    if (id === undefined || !isObject(entry.values)) continue;
    const known = values.get(id);
    if (known === undefined) values.set(id, [entry.values]);
    else known.push(entry.values);
  }
  return (id) => ({
    affected_fields: [...(fields.get(id) ?? [])],
    values: merged(values.get(id) ?? []),
  });
}

function objectsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Where a record stands twice, the later value of a field counts. */
function merged(all: readonly Fields[]): Fields | null {
  const [first, ...others] = all;
  if (first === undefined) return null;
  return others.length === 0 ? first : Object.fromEntries(all.flatMap(Object.entries<unknown>));
}
