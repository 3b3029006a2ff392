import { Problem } from '#schemas/problem.ts';
import { InternalError, WebhookNotVerified } from '#schemas/problems.ts';

/** Why a request was refused: the reason for the log, the problem for the sender. */
export interface Refusal {
  readonly reason: string;
  readonly problem: Problem;
}

const NOT_VERIFIED =
  'The request could not be verified. Check the webhook URL and the signing secret; the request log of the connection holds the reason.';

/** Shown to the sender as WebhookNotVerified whatever the reason, which only the log learns. */
export class NotVerifiedBecause extends WebhookNotVerified {
  readonly reason: string;

  constructor(reason: string) {
    super(NOT_VERIFIED);
    this.reason = reason;
  }
}

/** The refusal an error amounts to. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof NotVerifiedBecause) return { reason: error.reason, problem: error };
  if (error instanceof Problem) return { reason: error.code, problem: error };
  const problem = new InternalError('The request could not be processed. Send it again later.', {
    cause: error,
  });
  return { reason: problem.code, problem };
}
