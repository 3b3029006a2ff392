import { findInexact } from '#schemas/exact.ts';

/** One item of a body as received. Fields are untrusted; unknown ones are kept. */
export type Notification = Readonly<Record<string, unknown>>;

/** End of the year 9999, the last instant RFC 3339 can spell. */
const LATEST_MS = 253_402_300_799_999;

/**
 * The text of an int64 id. HubSpot sends numbers; larger ones than a double holds arrive here as
 * the text `parseExact` kept, and some notifications of conversations hold text to begin with.
 *
 * @returns undefined when the value is not a positive integer of at most 19 digits
 */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value > 0 ? String(value) : undefined;
  }
  if (typeof value !== 'string' || value.length === 0 || value.length > 19) return undefined;
  for (let index = 0; index < value.length; index += 1) {
    const digit = value.charCodeAt(index) - 48;
    // No leading zero either: one id has one spelling.
    if (digit < 0 || digit > 9 || (digit === 0 && index === 0)) return undefined;
  }
  return value;
}

/** The instant of a change in milliseconds; undefined when it is not one an event can carry. */
export function instantMs(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LATEST_MS
    ? (value as number)
    : undefined;
}

/** What keeps the notification from being an event's payload, if anything does. */
export function payloadFault(notification: Notification): string | undefined {
  for (const key in notification) {
    const value = notification[key];
    // Flat values are exact by way of parsing; only nested ones can be too deep.
    if (typeof value === 'object' && value !== null) return findInexact(notification)?.message;
  }
  return undefined;
}
