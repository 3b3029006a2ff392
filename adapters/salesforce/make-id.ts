import { recordId } from './record-id.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Of an id, behind the three characters that name its object. */
const LENGTH = 12;

/**
 * A valid id, for samples and the sandbox.
 *
 * @param prefix three characters, such as 006 for an opportunity
 * @param sequence a non-negative integer; another one makes another id
 */
export function makeId(prefix: string, sequence: number): string {
  let rest = sequence;
  let digits = '';
  do {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
    rest = Math.floor(rest / DIGITS.length);
  } while (rest > 0);
  const cased = prefix + digits.padStart(LENGTH, '0').slice(-LENGTH);
  return recordId(cased) ?? cased;
}

/** Key prefixes. Source: Salesforce Help, "Standard Field Record ID Prefix Decoder". */
export const KEY_PREFIXES = {
  Account: '001',
  Contact: '003',
  User: '005',
  Opportunity: '006',
  Action: '04k',
  Notification: '04l',
} as const;
