/** What is said of text and JSON that are not storable. */
export const NOT_STORABLE = 'holds a character that cannot be stored';

/** True for text Postgres can hold: without the character 0, and without half a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** True for JSON all of whose names and texts Postgres can hold. */
export function isStorableJson(value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, one]) => isStorableText(name) && isStorableJson(one));
}
