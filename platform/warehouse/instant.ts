const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_TO_1970 = 719_162;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** An instant in two whole numbers: microseconds since 1970 need more digits than a double holds. */
export interface Instant {
  /** Whole seconds since 1970-01-01T00:00:00Z; negative before that. */
  readonly seconds: number;
  /** 0 to 999,999, counted forward from the second. */
  readonly micros: number;
}

/**
 * Reads an RFC 3339 instant in UTC with up to six digits of a second.
 *
 * @returns undefined for any other text: another zone, no zone, a day or a time there is not, a leap
 *   second, the year 0
 */
export function parseInstant(text: string): Instant | undefined {
  if (!INSTANT.test(text)) return undefined;
  const days = daysOf(text);
  const hours = twoDigits(text, 11);
  const minutes = twoDigits(text, 14);
  const seconds = twoDigits(text, 17);
  if (days === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  let micros = 0;
  for (let place = 20; place < 26; place += 1) {
    micros = micros * 10 + (place < text.length - 1 ? digit(text, place) : 0);
  }
  return { seconds: ((days * 24 + hours) * 60 + minutes) * 60 + seconds, micros };
}

/**
 * Reads a date such as 2026-01-31.
 *
 * @returns days since 1970-01-01; undefined for any other text and for days there are not
 */
export function parseDate(text: string): number | undefined {
  return DATE.test(text) ? daysOf(text) : undefined;
}

/** @param text begins with the digits of a date */
function daysOf(text: string): number | undefined {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const before = DAYS_BEFORE_MONTH[month - 1];
  if (year < 1 || before === undefined || day < 1 || day > daysIn(month, isLeap)) return undefined;
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const thisLeapDay = isLeap && month > 2 ? 1 : 0;
  return past * 365 + leapDays + before + thisLeapDay + day - 1 - DAYS_TO_1970;
}

function daysIn(month: number, isLeap: boolean): number {
  if (month === 2) return isLeap ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function twoDigits(text: string, place: number): number {
  return digit(text, place) * 10 + digit(text, place + 1);
}

function digit(text: string, place: number): number {
  return text.charCodeAt(place) - 48;
}
