import { InvalidArgumentError } from 'commander';

/**
 * Reads the argument of an option that takes a number.
 *
 * @throws InvalidArgumentError unless it is a whole number from 1 to 999,999
 */
export function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number from 1 to 999999.');
}

/**
 * Reads the argument of an option that counts events.
 *
 * @throws InvalidArgumentError unless it is a whole number from 1 to 1,000,000,000
 */
export function eventCount(text: string): number {
  if (/^([1-9]\d{0,8}|1000000000)$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number from 1 to 1000000000.');
}

/**
 * The same for an option that may be 0.
 *
 * @throws InvalidArgumentError unless it is a whole number from 0 to 999,999
 */
export function wholeNumberOrNone(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}
