import {
  DatabaseUnavailable,
  InternalError,
  PermissionMissing,
  ResourceMissing,
} from '#schemas/problems.ts';
import { forgetValues } from '../forget-values.ts';
import { meansUnavailable, sqlStateOf } from '../sqlstate.ts';

/** Whom the driver speaks to and as whom, for messages. */
export interface Target {
  readonly place: string;
  readonly role: string;
  readonly database: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
}

export interface Circumstances {
  readonly lost: boolean;
  readonly elapsedMs?: number;
  readonly limitMs?: number;
}

interface Answer {
  readonly message: string;
  readonly routine?: string;
  readonly severity?: string;
}

/** Codes with a message of their own. Source: PostgreSQL manual, appendix A "Error Codes". */
const NAMED: Readonly<Record<string, (target: Target, cause: Answer) => Error>> = {
  '28000': loginRefused,
  '28P01': loginRefused,
  '42501': (target, cause) =>
    new PermissionMissing(
      `Role "${target.role}" may not do this in database "${target.database}": ${cause.message}. Grant it what is named.`,
      { cause },
    ),
  '53300': ({ place, poolSize }, cause) =>
    new DatabaseUnavailable(
      `Postgres at ${place} has no connection left. This process takes up to ${poolSize}: lower that or the number of processes, or raise max_connections.`,
      { cause },
    ),
  '25P03': ({ idleTransactionTimeoutMs }, cause) =>
    new DatabaseUnavailable(
      `A transaction waited ${idleTransactionTimeoutMs} ms for its own body and was rolled back. Do slow work outside of transactions.`,
      { cause },
    ),
  // The server was the primary before a failover. The next connection finds the new one.
  '25006': ({ place }, cause) =>
    new DatabaseUnavailable(`Postgres at ${place} only takes reads at the moment. Retry shortly.`, {
      cause,
    }),
};

/** The server's severities after which its end of the connection is gone. */
const DEADLY: ReadonlySet<unknown> = new Set(['FATAL', 'PANIC']);

/** True when the connection cannot be used after this error. */
export function endsConnection(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) return isLate(error);
  return (
    DEADLY.has((error as Answer).severity) || meansUnavailable(sqlState) || sqlState === '25006'
  );
}

/**
 * The error of a statement, or of a connection in use, as callers see it.
 *
 * @param circumstances `lost`: the connection ended, whatever the error says; how long the statement
 *   has run, and might
 */
export function statementError(
  error: unknown,
  target: Target,
  circumstances: Circumstances,
): unknown {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) {
    if (!circumstances.lost && !isLate(error)) return error;
    return new DatabaseUnavailable(
      `Postgres at ${target.place} ${isLate(error) ? 'fell silent' : 'ended the connection'} during a statement; whether it took effect is not known. Retry shortly.`,
      { cause: error },
    );
  }
  const answer = forgetValues(error as Error);
  if (sqlState === '57014') return cancelled(circumstances, answer);
  if (isRowLevelSecurity(answer)) return answer;
  const named = NAMED[sqlState];
  if (named) return named(target, answer);
  if (!circumstances.lost && !endsConnection(error)) return answer;
  return unavailable(target, sqlState, answer);
}

/** The error of a connection that was not made, as callers see it. */
export function connectError(error: unknown, target: Target): Error {
  const sqlState = sqlStateOf(error);
  if (sqlState === undefined) return unreachable(error, target);
  const answer = forgetValues(error as Error);
  if (sqlState === '3D000') {
    return new ResourceMissing(
      `Database "${target.database}" does not exist at ${target.place}. Create it, or configure another.`,
      { cause: answer },
    );
  }
  return NAMED[sqlState]?.(target, answer) ?? unavailable(target, sqlState, answer);
}

/** The connection was lost between a COMMIT and its answer. */
export function commitUnknown(cause: unknown): DatabaseUnavailable {
  return new DatabaseUnavailable(
    'The connection was lost while a transaction was committed: whether it took effect is not known. Repeat the work; what the ledger or a key guards takes effect once.',
    { cause },
  );
}

/** A body swallowed a statement's failure, and Postgres answered its COMMIT with ROLLBACK. */
export function hiddenFailure(): InternalError {
  return new InternalError(
    'The transaction was rolled back: a statement had failed and its body did not pass the error on.',
  );
}

function loginRefused({ place, role, database }: Target, cause?: unknown): PermissionMissing {
  return new PermissionMissing(
    `Postgres at ${place} refuses role "${role}" for database "${database}". Check that the role exists and may log in, and its password or, with IAM, its role roles/cloudsql.instanceUser.`,
    { cause },
  );
}

function cancelled({ elapsedMs = 0, limitMs = 0 }: Circumstances, cause: unknown) {
  return new DatabaseUnavailable(
    limitMs > 0 && elapsedMs >= limitMs
      ? `A statement ran longer than ${limitMs} ms and was cancelled; it had no effect. Retry; when it happens again, look for locks or a missing index.`
      : 'A statement was cancelled at the server; it had no effect. Retry.',
    { cause },
  );
}

function unavailable(target: Target, sqlState: string, cause: unknown): DatabaseUnavailable {
  return new DatabaseUnavailable(
    `Postgres at ${target.place} cannot serve at the moment (${sqlState}). Retry shortly.`,
    { cause },
  );
}

/** No answer of the server: the network, its encryption, or pg itself gave up. */
function unreachable(error: unknown, target: Target): Error {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (message.startsWith('SASL')) return loginRefused(target, error);
  if (message === 'timeout exceeded when trying to connect') {
    return new DatabaseUnavailable(
      `All ${target.poolSize} connections to Postgres were in use for ${target.connectTimeoutMs} ms. Nothing was done: retry shortly.`,
      { cause: error },
    );
  }
  return new DatabaseUnavailable(
    `Postgres at ${target.place} could not be reached${typeof code === 'string' ? ` (${code})` : ''}. Retry shortly; when it stays away, check its address and state.`,
    { cause: error },
  );
}

/** pg's own time limit on an answer. */
function isLate(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** A policy refused the row: a fault of the statement, where a missing grant is the operator's. */
function isRowLevelSecurity(answer: Answer): boolean {
  return answer.routine === 'ExecWithCheckOptions';
}
