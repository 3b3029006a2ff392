const ID = /^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/;
/** Digits of the checksum: each stands for which of five characters are upper case. */
const CHECK_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const CASED_LENGTH = 15;
const GROUP = 5;

/**
 * The 18-character form of a record id. Source: Salesforce developer documentation, "ID Field Type":
 * 15 characters that differ by case, and three that tell their case.
 *
 * @returns undefined when the text is no id, or the last three characters are not of the others
 */
export function recordId(value: unknown): string | undefined {
  if (typeof value !== 'string' || !ID.test(value)) return undefined;
  const cased = value.slice(0, CASED_LENGTH);
  const full = cased + checksum(cased);
  return value.length === CASED_LENGTH || value === full ? full : undefined;
}

/**
 * The 15 characters of an id that tell it from others. The checksum behind them is not looked at:
 * it adds nothing where the id is only compared.
 *
 * @returns undefined when the text has not the form of an id
 */
export function casedId(value: unknown): string | undefined {
  return typeof value === 'string' && ID.test(value) ? value.slice(0, CASED_LENGTH) : undefined;
}

function checksum(cased: string): string {
  let digits = '';
  for (let start = 0; start < CASED_LENGTH; start += GROUP) {
    let bits = 0;
    for (let index = 0; index < GROUP; index += 1) {
      const code = cased.charCodeAt(start + index);
      if (code >= 65 && code <= 90) bits |= 1 << index;
    }
    digits += CHECK_DIGITS.charAt(bits);
  }
  return digits;
}
