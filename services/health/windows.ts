import type { Queryable } from '#platform/database/database.ts';
import type { Connection } from '../connections/connection.ts';

export const WINDOWS = ['1h', '24h', '7d'] as const;

/** The checks of a connection over a window that ends now. */
export interface CheckWindow {
  readonly window: (typeof WINDOWS)[number];
  readonly checks: number;
  readonly failed: number;
  /** Share of checks that succeeded, from 0 to 1 as a decimal; null without checks. */
  readonly uptime: string | null;
  readonly error_rate: string | null;
  /** Of successful checks, in milliseconds; null without any. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly max_ms: number | null;
}

/** One that the caller may see. */
export type CheckedConnection = Pick<Connection, 'id' | 'tenantId'>;

export interface FailedCheck {
  readonly checked_at: Date;
  readonly code: string | null;
  readonly detail: string | null;
  readonly duration_ms: number;
}

const RECENT = 10;

/** One row for each window, the shortest first. */
export function readWindows(
  database: Queryable,
  { id, tenantId }: CheckedConnection,
): Promise<CheckWindow[]> {
  return database.query<CheckWindow>(
    `SELECT span.name AS window, count(id)::int AS checks,
       (count(*) FILTER (WHERE outcome = 'failed'))::int AS failed,
       ${share('ok')} AS uptime, ${share('failed')} AS error_rate,
       ${percentile(0.5)} AS p50_ms, ${percentile(0.95)} AS p95_ms,
       (max(duration_ms) FILTER (WHERE outcome = 'ok'))::int AS max_ms
     FROM (VALUES ('1h', interval '1 hour'), ('24h', interval '24 hours'), ('7d', interval '7 days'))
       AS span (name, length)
     LEFT JOIN connection_checks
       ON connection_id = $1 AND tenant_id = $2 AND checked_at > now() - span.length
     GROUP BY span.name, span.length ORDER BY span.length`,
    [id, tenantId],
  );
}

/** The latest failed checks, latest first. */
export function readRecentErrors(
  database: Queryable,
  { id, tenantId }: CheckedConnection,
): Promise<FailedCheck[]> {
  return database.query<FailedCheck>(
    `SELECT checked_at, code, detail, duration_ms FROM connection_checks
     WHERE connection_id = $1 AND tenant_id = $2 AND outcome = 'failed'
     ORDER BY checked_at DESC, id DESC LIMIT ${RECENT}`,
    [id, tenantId],
  );
}

/** More digits than there are checks in the longest window: a share is 1 only when it is all of them. */
function share(outcome: 'ok' | 'failed'): string {
  return `trim_scale(round(
    (count(*) FILTER (WHERE outcome = '${outcome}'))::numeric / nullif(count(id), 0), 6))::text`;
}

function percentile(fraction: number): string {
  return `round((percentile_cont(${fraction}) WITHIN GROUP (ORDER BY duration_ms)
    FILTER (WHERE outcome = 'ok'))::numeric)::int`;
}
