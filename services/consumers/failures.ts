import { failureReason } from '#platform/bus/dead-letter.ts';
import { meansUnavailable, sqlStateOf } from '#platform/database/sqlstate.ts';
import { Problem } from '#schemas/problem.ts';

/**
 * Says that no further attempt can succeed: the event is not what this consumer can ever act on, such
 * as a currency it does not know. The message goes to the dead letters at once.
 *
 * @param code a word for the reason, such as `unknown_currency`; kept and shown, so never a value
 */
export class GiveUp extends Error {
  override readonly name = 'GiveUp';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`The event is given up: ${code}.`, options);
    this.code = code;
  }
}

/**
 * Says that going on would do harm, whatever the event: books that do not balance, a configuration
 * that must be wrong. The consumer takes no more messages, in any process, until an operator resumes it.
 * Nothing is lost or counted, and other consumers go on.
 *
 * @param code a word for the reason; kept and shown, so never a value
 */
export class StopTheLine extends Error {
  override readonly name = 'StopTheLine';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`The consumer stops: ${code}.`, options);
    this.code = code;
  }
}

/**
 * Says that something the consumer needs for every event is away, such as a service it calls. The
 * message waits and is tried for as long as it takes; no attempt counts. Problems that the platform's
 * capabilities throw for the same reason need no wrapping.
 *
 * @param code a word for what is away, such as `ledger_unreachable`
 */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`Not now: ${code}.`, options);
    this.code = code;
  }
}

/** A handler took longer than it may. */
export class HandlerTimeout extends Error {
  override readonly name = 'HandlerTimeout';
}

/** How a message goes on after an error. */
export type FailureKind = 'retry' | 'not_now' | 'give_up' | 'stop_the_line';

/** Transactions that met each other say nothing of the event: deadlocks, serialization failures. */
const ROLLED_BACK_CLASS = '40';
const LOCK_NOT_AVAILABLE = '55P03';

/** How a message goes on after this error of its handler, or of the ledger. */
export function kindOf(error: unknown): FailureKind {
  if (error instanceof GiveUp) return 'give_up';
  if (error instanceof StopTheLine) return 'stop_the_line';
  if (error instanceof NotNow) return 'not_now';
  // 503 is what every capability that is away or not set up says.
  if (error instanceof Problem) return error.status === 503 ? 'not_now' : 'retry';
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) return 'retry';
  const contended = sqlState.startsWith(ROLLED_BACK_CLASS) || sqlState === LOCK_NOT_AVAILABLE;
  return contended || meansUnavailable(sqlState) ? 'not_now' : 'retry';
}

/** What may be logged of an error: its name, its code and where it was thrown; never its text. */
export function withoutText(error: unknown): Error {
  const reason = failureReason(error);
  const bare = new Error(reason);
  const frames = error instanceof Error ? (error.stack ?? '').match(/^ {4}at .*$/gm) : undefined;
  bare.stack = [reason, ...(frames ?? [])].join('\n');
  return bare;
}
