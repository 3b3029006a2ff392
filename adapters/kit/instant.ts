export type InstantFormat = 'iso8601' | 's' | 'ms';

/** 9999-12-31T23:59:59.999Z, the last instant RFC 3339 can spell. */
const LAST_MS = 253_402_300_799_999;

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|z|[+-]\d{2}:?\d{2})?$/;
const SECONDS = /^(\d{1,12})(?:\.(\d{1,9}))?$/;
const MILLISECONDS = /^(\d{1,15})(?:\.\d{1,9})?$/;

/**
 * Reads an instant from text. What is finer than a millisecond is cut off, never rounded up.
 *
 * @param assumeUtc reads ISO 8601 text without an offset as UTC; otherwise it is refused, because
 *   guessing a zone shifts times without a trace
 * @returns Unix time in milliseconds, from 1970 through 9999; undefined for anything else
 */
export function parseInstant(
  text: string,
  format: InstantFormat,
  assumeUtc = false,
): number | undefined {
  const ms = format === 'iso8601' ? fromIso(text, assumeUtc) : fromUnix(text, format);
  return ms !== undefined && ms >= 0 && ms <= LAST_MS ? ms : undefined;
}

function fromUnix(text: string, format: 's' | 'ms'): number | undefined {
  if (format === 'ms') {
    const match = MILLISECONDS.exec(text);
    return match === null ? undefined : Number(match[1]);
  }
  const match = SECONDS.exec(text);
  return match === null ? undefined : Number(match[1]) * 1000 + fractionMs(match[2]);
}

function fromIso(text: string, assumeUtc: boolean): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? '0')) as [number, number, number, number, number, number];
  const offset = match[8];
  if (offset === undefined && !assumeUtc) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) {
    return undefined;
  }
  // A leap second counts as the last moment of its minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const offsetMinutes = minutesOf(offset);
  if (offsetMinutes === undefined) return undefined;
  const local = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59));
  return local + (second === 60 ? 999 : fractionMs(match[7])) - offsetMinutes * 60_000;
}

function fractionMs(digits: string | undefined): number {
  return Number((digits ?? '').padEnd(3, '0').slice(0, 3));
}

function minutesOf(offset: string | undefined): number | undefined {
  if (offset === undefined || offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(-2));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
