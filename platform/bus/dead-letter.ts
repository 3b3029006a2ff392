import type { BusMessage } from './bus.ts';

/** Why a delivery was not settled in its time. */
export class LeaseExpired extends Error {
  override readonly name = 'LeaseExpired';
}

/**
 * The message that takes the place of one that failed too often: the same, with attributes that say
 * where it came from, how often it was tried and the kind of the last failure.
 *
 * @param source name of the subscription that gave up
 */
export function deadLetterMessage(
  // Part by part: a message may be an object whose parts are made when they are read.
  { data, attributes, orderingKey }: BusMessage,
  source: string,
  failedAttempts: number,
  error: unknown,
): BusMessage {
  return {
    data,
    orderingKey,
    attributes: {
      ...attributes,
      dead_letter_source_subscription: source,
      dead_letter_attempts: String(failedAttempts),
      dead_letter_reason: failureReason(error),
    },
  };
}

/**
 * Name and code of an error, such as `NotDurable not_durable` or `Error ECONNREFUSED`. Never its
 * message, which may hold a customer's values.
 */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [error.name, code].map(word).filter(Boolean).join(' ') || 'unknown';
}

/** Errors of libraries may put anything into name and code. */
function word(text: string): string {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(text) ? text : '';
}
