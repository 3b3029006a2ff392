/**
 * JSON text of a value with the names of every object in code unit order, so that two spellings of
 * one value have one text. Numbers are safe integers here and have one spelling.
 *
 * @param value parsed JSON, checked to be no deeper than the platform's limit
 */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `{${members.join(',')}}`;
}
