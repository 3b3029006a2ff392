import type { Database } from '#platform/database/database.ts';
import { Problem } from '#schemas/problem.ts';
import { withLease } from '../leases/lease.ts';
import type { Task } from '../tasks/routes.ts';
import type { OnError } from './credential-versions.ts';
import type { RefresherOptions } from './refresher.ts';
import type { TokenSource } from './token-source.ts';

export interface RefreshDueOptions {
  readonly database: Database;
  readonly tokens: TokenSource;
  readonly onPermanentFailure: RefresherOptions['onPermanentFailure'];
  readonly onError: OnError;
  /** After how long it leaves the rest to the next run. Default 45,000 ms. */
  readonly timeMs?: number;
  /** Default 50. */
  readonly batchRows?: number;
}

const CONCURRENCY = 5;

interface DueRow {
  readonly connection_id: string;
  readonly secret_ref_version: number;
  readonly expires_at: Date;
}

/**
 * Five minutes before it ends, and up to one more: by the id, so that tokens which were given out together
 * are not refreshed together for ever.
 */
const DUE = `
  FROM connection_credentials AS credentials
  JOIN connections ON connections.id = credentials.connection_id
  WHERE connections.status = 'active' AND credentials.kind <> 'api_key'
    AND credentials.expires_at < now() + make_interval(
      secs => 300 + get_byte(decode(md5(credentials.connection_id), 'hex'), 0) * 60.0 / 256)
    AND (credentials.failure IS NULL OR credentials.retry_at <= now())`;

const NEXT = `
  SELECT connection_id, secret_ref_version, expires_at ${DUE}
    AND ($1::timestamptz IS NULL OR (expires_at, connection_id) > ($1, $2))
  ORDER BY expires_at, connection_id LIMIT $3`;

/** Those whose failure a process stored, and then ended. */
const UNMARKED = `
  SELECT connection_id, failure, failure_detail
  FROM connection_credentials AS credentials
  JOIN connections ON connections.id = credentials.connection_id
  WHERE connections.status = 'active' AND failure IS NOT NULL AND retry_at IS NULL
  ORDER BY connection_id LIMIT $1`;

/**
 * The task `token-refresh`: refreshes tokens of active connections before they end, those that end first
 * first. One process at a time.
 *
 * @returns how many were refreshed and how many failed, and how many are left to the next run
 */
export function refreshDue(options: RefreshDueOptions): Task {
  const { database } = options;
  return async () => {
    const outcome = await withLease(database, { name: 'token-refresh' }, async (lost) => {
      await markFailed(options);
      return refreshAll(options, lost);
    });
    return outcome.held ? { ...outcome.result } : { skipped: 'another process is at it' };
  };
}

async function refreshAll(options: RefreshDueOptions, lost: AbortSignal) {
  const { database, timeMs = 45_000, batchRows = 50 } = options;
  const endMs = performance.now() + timeMs;
  const isOver = () => lost.aborted || performance.now() >= endMs;
  const report = { refreshed: 0, failed: 0 };
  let last: DueRow | undefined;
  while (!isOver()) {
    const batch = await database.query<DueRow>(NEXT, [
      last?.expires_at ?? null,
      last?.connection_id ?? null,
      batchRows,
    ]);
    const waiting = batch.values();
    const lanes = Array.from({ length: CONCURRENCY }, async () => {
      for (const row of waiting) {
        const result = await refreshOne(options, row);
        if (result !== undefined) report[result] += 1;
        if (isOver()) break;
      }
    });
    await Promise.all(lanes);
    last = batch.at(-1);
    if (batch.length < batchRows) break;
  }
  const [left] = await database.query<{ count: string }>(`SELECT count(*) AS count ${DUE}`);
  return { ...report, left: Number(left?.count ?? 0) };
}

async function refreshOne(
  { tokens, onError }: RefreshDueOptions,
  { connection_id, secret_ref_version }: DueRow,
): Promise<'refreshed' | 'failed' | undefined> {
  try {
    return (await tokens.renew(connection_id, secret_ref_version)) ? 'refreshed' : undefined;
  } catch (error) {
    // What the provider says stands in the row.
    if (!(error instanceof Problem) || error.status >= 500) {
      onError(`The token of connection ${connection_id} could not be refreshed.`, error);
    }
    return 'failed';
  }
}

async function markFailed({
  database,
  onPermanentFailure,
  onError,
  batchRows = 50,
}: RefreshDueOptions) {
  const rows = await database.query<{
    connection_id: string;
    failure: string;
    failure_detail: string | null;
  }>(UNMARKED, [batchRows]);
  for (const { connection_id, failure, failure_detail } of rows) {
    try {
      await onPermanentFailure(connection_id, failure, failure_detail ?? '');
    } catch (error) {
      onError(`The failed connection ${connection_id} could not be marked.`, error);
    }
  }
}
