import { PreconditionFailed, PreconditionRequired } from '#schemas/problems.ts';
import type { Connection } from './connection.ts';
import { etagOf } from './view.ts';

/**
 * Lets a change pass that was decided on what the connection is now (RFC 9110, section 13.1.1).
 *
 * @param ifMatch the header If-Match
 * @throws PreconditionFailed when the connection was changed meanwhile
 */
export function checkIfMatch(connection: Connection, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(etagOf(connection))) return;
  throw new PreconditionFailed(
    `Connection ${connection.id} is at version ${connection.version} now, and If-Match names another. Read it again and decide anew.`,
  );
}

/** @throws PreconditionRequired without a header If-Match */
export function requireIfMatch(ifMatch: string | undefined): asserts ifMatch is string {
  if (ifMatch !== undefined) return;
  throw new PreconditionRequired(
    "Send If-Match with the ETag of the connection as you read it, so that nobody else's change is overwritten.",
  );
}
