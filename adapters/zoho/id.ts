const ID = /^\d{1,25}$/;

/**
 * The text of an id of a record, user or channel. Zoho documents a long, sent as text; a number
 * that a double cannot hold arrives here as the text `parseExact` kept.
 *
 * @returns undefined when the value is not 1 to 25 digits
 */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return ID.test(value) ? value : undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? String(value) : undefined;
}
