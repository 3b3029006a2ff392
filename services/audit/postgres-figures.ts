import type { Database } from '#platform/database/database.ts';
import { RESOLVER_SUBSCRIPTION } from '#schemas/topics.ts';
import { MINUTE_OF_RECEIPT } from '../ledger/export-sources.ts';
import { type AuditWindow, minuteOf } from './window.ts';

/** Counting a day takes an embedded Postgres well under a second, and it does nothing else meanwhile. */
const CHUNK_MS = 24 * 60 * 60_000;

interface MinuteRow {
  readonly minute: Date;
  readonly total: string;
}

/** How many of a tenant's events each consumer has consumed, by consumer and minute of receipt. */
export async function consumedByMinute(
  database: Database,
  tenantId: string,
  window: AuditWindow,
): Promise<Map<string, Map<number, number>>> {
  const consumed = new Map<string, Map<number, number>>();
  for (let fromMs = window.fromMs; fromMs < window.toMs; fromMs += CHUNK_MS) {
    const toMs = Math.min(fromMs + CHUNK_MS, window.toMs);
    const rows = await database.query<MinuteRow & { consumer: string }>(
      `SELECT consumer, ${MINUTE_OF_RECEIPT} AS minute, count(*) AS total
       FROM processed_events
       WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3
       GROUP BY 1, 2
       UNION ALL
       SELECT $4, ${MINUTE_OF_RECEIPT}, count(*)
       FROM resolved_observations
       WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3
       GROUP BY 1, 2`,
      [tenantId, new Date(fromMs), new Date(toMs), RESOLVER_SUBSCRIPTION],
    );
    for (const { consumer, minute, total } of rows) {
      const minutes = consumed.get(consumer) ?? new Map<number, number>();
      minutes.set(minuteOf(minute), Number(total));
      consumed.set(consumer, minutes);
    }
  }
  return consumed;
}

/** How many events were ever spooled, and how many wait in the spool, by minute of receipt. */
export async function spoolByMinute(
  database: Database,
  tenantId: string,
  { fromMs, toMs }: AuditWindow,
): Promise<{ spooled: Map<number, number>; waiting: Map<number, number> }> {
  const params = [tenantId, new Date(fromMs), new Date(toMs)];
  const spooled = await database.query<MinuteRow>(
    `SELECT minute, events AS total FROM spool_ledger
     WHERE tenant_id = $1 AND minute >= $2 AND minute < $3`,
    params,
  );
  const waiting = await database.query<MinuteRow>(
    `SELECT ${MINUTE_OF_RECEIPT} AS minute, count(*) AS total FROM spooled_events
     WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3 GROUP BY 1`,
    params,
  );
  return { spooled: toMap(spooled), waiting: toMap(waiting) };
}

/** How many deliveries were ever given up, each consumer's for itself. */
export async function deadLetteredCount(
  database: Database,
  tenantId: string,
  { fromMs, toMs }: AuditWindow,
): Promise<number> {
  const [row] = await database.query<{ total: string }>(
    `SELECT count(DISTINCT (consumer, event_id)) AS total FROM dead_letters
     WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3 AND state <> 'retrying'`,
    [tenantId, new Date(fromMs), new Date(toMs)],
  );
  return Number(row?.total ?? 0);
}

function toMap(rows: readonly MinuteRow[]): Map<number, number> {
  return new Map(rows.map(({ minute, total }) => [minuteOf(minute), Number(total)]));
}
