import type { Queryable } from '#platform/database/database.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Connection, ConnectionStatus } from './connection.ts';
import { COLUMNS, type ConnectionRow, fromRow } from './connection-row.ts';
import type { Owner } from './store.ts';

export interface ConnectionFilter {
  readonly provider?: string | undefined;
  readonly status?: ConnectionStatus | undefined;
  /** Part of the name or of the account's, in any case. */
  readonly q?: string | undefined;
  readonly accountId?: string | undefined;
  /** All of them must be there. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface ConnectionPage {
  readonly connections: readonly Connection[];
  readonly nextCursor: string | null;
}

/** Postgres' clock has microseconds, JavaScript's has not: the cursor holds the database's own text. */
interface PageRow extends ConnectionRow {
  readonly page_at: string;
}

/**
 * A page of the connections that an organisation sees, oldest first.
 *
 * @param cursor nextCursor of the page before
 * @throws InvalidRequest for a cursor that is none
 */
export async function connectionPage(
  database: Queryable,
  { tenantId, orgId }: Owner,
  filter: ConnectionFilter,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<ConnectionPage> {
  const [afterAt, afterId] = cursor === undefined ? [] : decodeCursor(cursor, [isInstant, isId]);
  const rows = await database.query<PageRow>(
    `SELECT ${COLUMNS},
       to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS page_at
     FROM connections
     WHERE tenant_id = $1 AND (org_id IS NULL OR org_id = $2)
       AND ($3::text IS NULL OR provider = $3)
       AND ($4::text IS NULL OR status = $4)
       AND ($5::text IS NULL OR position(lower($5) IN search_text) > 0)
       AND ($6::text IS NULL OR account_id = $6)
       AND ($7::jsonb IS NULL OR labels @> $7)
       AND ($8::timestamptz IS NULL OR (created_at, id) > ($8, $9))
     ORDER BY created_at, id LIMIT $10`,
    [
      ...[tenantId, orgId, filter.provider ?? null, filter.status ?? null, filter.q ?? null],
      ...[filter.accountId ?? null, filter.labels ? JSON.stringify(filter.labels) : null],
      ...[afterAt ?? null, afterId ?? null, limit + 1],
    ],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    connections: page.map(fromRow),
    nextCursor: last && rows.length > limit ? encodeCursor([last.page_at, last.id]) : null,
  };
}

const isInstant = (text: string) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text) && !Number.isNaN(Date.parse(text));
const isId = (text: string) => /^[\w-]{1,100}$/.test(text);
