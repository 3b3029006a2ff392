import type { Queryable } from '#platform/database/database.ts';
import type { Connection } from '../connections/connection.ts';
import { type LogData, loggableData, loggableText } from './loggable.ts';

export const LOG_LEVELS = ['info', 'warning', 'error'] as const;
export const LOG_KINDS = ['change', 'credentials', 'health', 'registration', 'poll'] as const;

/** What happened with a connection, for the people who run it. Never a secret. */
export interface LogEntry {
  readonly level: (typeof LOG_LEVELS)[number];
  readonly kind: (typeof LOG_KINDS)[number];
  /** A stable word, such as check_failed. */
  readonly code: string;
  /** A sentence. */
  readonly message: string;
  readonly data?: LogData;
}

/** Whose log it is. */
export type LoggedConnection = Pick<Connection, 'id' | 'tenantId' | 'orgId'>;

/** Repetitions are looked for among so many of the latest lines. */
const LOOK_BACK_LINES = 50;
const COLUMNS = 'connection_id, tenant_id, org_id, level, kind, code, message, data';

const INSERT = `INSERT INTO connection_logs (${COLUMNS})
  SELECT $1, $2, $3, $4, $5, $6, $7, $8::jsonb WHERE EXISTS (SELECT FROM connections WHERE id = $1)`;

/** The same line within a minute is counted instead, by whichever process. */
const INSERT_OR_COUNT = `
  WITH latest AS (
    SELECT id, level, kind, code, logged_at FROM connection_logs
    WHERE connection_id = $1 ORDER BY id DESC LIMIT ${LOOK_BACK_LINES}
  ), counted AS (
    UPDATE connection_logs SET data = data || jsonb_build_object(
      'occurrences', coalesce((data ->> 'occurrences')::bigint, 1) + 1, 'last_at', now())
    WHERE id = (
      SELECT max(id) FROM latest
      WHERE level = $4 AND kind = $5 AND code = $6 AND logged_at > now() - interval '1 minute'
    ) RETURNING 1
  )
  ${INSERT} AND NOT EXISTS (SELECT FROM counted)`;

/**
 * Writes a line into the log of a connection; one that is deleted has none any more. The same code again
 * within a minute is counted on the first line, which keeps its message and data, so that nothing floods
 * the log. Changes are each written: their lines differ.
 *
 * @param database the server's own; for kind `change` that of a tenant too
 */
export async function logConnection(
  database: Queryable,
  { id, tenantId, orgId }: LoggedConnection,
  { level, kind, code, message, data = {} }: LogEntry,
): Promise<void> {
  const { occurrences, last_at, ...own } = data;
  await database.query(kind === 'change' ? INSERT : INSERT_OR_COUNT, [
    id,
    tenantId,
    orgId,
    level,
    kind,
    loggableText(code, 100),
    loggableText(message),
    JSON.stringify(loggableData(own)),
  ]);
}

/** A line as stored. */
export interface LogLine extends Omit<LogEntry, 'data'> {
  readonly id: string;
  readonly logged_at: Date;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

export interface LogFilter {
  readonly level?: LogEntry['level'] | undefined;
  readonly kind?: LogEntry['kind'] | undefined;
  /** RFC 3339, inclusive. */
  readonly from?: string | undefined;
  /** RFC 3339, exclusive. */
  readonly to?: string | undefined;
  /** Stands in code or message, whether in capitals or not. */
  readonly text?: string | undefined;
}

/**
 * The log of a connection, latest first.
 *
 * @param connection one that the caller may see
 * @param before id of the last line of the page before
 */
export function listConnectionLog(
  database: Queryable,
  { id, tenantId }: Pick<LoggedConnection, 'id' | 'tenantId'>,
  { level, kind, from, to, text }: LogFilter,
  { limit, before }: { readonly limit: number; readonly before: string | undefined },
): Promise<LogLine[]> {
  return database.query<LogLine>(
    `SELECT id, logged_at, level, kind, code, message, data FROM connection_logs
     WHERE connection_id = $1 AND tenant_id = $2
       AND ($3::text IS NULL OR level = $3)
       AND ($4::text IS NULL OR kind = $4)
       AND ($5::timestamptz IS NULL OR logged_at >= $5)
       AND ($6::timestamptz IS NULL OR logged_at < $6)
       AND ($7::text IS NULL OR strpos(lower(code || ' ' || message), lower($7)) > 0)
       AND ($8::bigint IS NULL OR id < $8::bigint)
     ORDER BY id DESC LIMIT $9`,
    [id, tenantId, level, kind, from, to, text, before, limit].map((value) => value ?? null),
  );
}
