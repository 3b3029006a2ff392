import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { LEDGER_COUNTS } from '#schemas/tables.ts';
import type { ExportSource } from './export-sources.ts';

/** What Postgres' counts are recorded under. */
const REPORTER = 'postgres';
const PAGE_ROWS = 2_000;

/** The minutes that are exported, and what of them is looked at. */
export interface ExportWindow {
  /** Beginning of the earliest minute: what is older may have been cleaned up in part. */
  readonly minutesFrom: Date;
  readonly processedFrom: Date;
  readonly processedBefore: Date;
}

interface CountRow {
  readonly tenant_id: string;
  readonly minute: Date;
  readonly consumer: string;
  readonly total: string;
  /** By the clock of the database: exporting processes take turns, and the later row must win. */
  readonly recorded_at: Date;
}

/**
 * Writes the counts of a source that differ from what was written of them last, a page at a time. First
 * the warehouse and then the note in Postgres: what is written twice changes nothing.
 *
 * @returns how many counts were written
 */
export async function exportCounts(
  database: Database,
  warehouse: Warehouse,
  source: ExportSource,
  window: ExportWindow,
  signal: AbortSignal,
): Promise<number> {
  let exported = 0;
  for (;;) {
    signal.throwIfAborted();
    const counts = await database.query<CountRow>(changedCounts(source), [
      window.minutesFrom,
      ...(source.changed ? [window.processedFrom, window.processedBefore] : []),
    ]);
    if (counts.length === 0) return exported;
    await warehouse.append(
      LEDGER_COUNTS.name,
      counts.map(({ tenant_id, minute, consumer, total, recorded_at }) => ({
        measure: source.measure,
        tenant_id,
        minute: minute.toISOString(),
        consumer: consumer === '' ? null : consumer,
        reporter: REPORTER,
        total: Number(total),
        recorded_at: recorded_at.toISOString(),
      })),
    );
    await noteExported(database, source, counts);
    exported += counts.length;
    if (counts.length < PAGE_ROWS) return exported;
  }
}

function changedCounts({ measure, sql, changed }: ExportSource): string {
  return `WITH counted AS (${sql}),
    exported AS (
      SELECT tenant_id, minute, consumer, total FROM ledger_exports
      WHERE measure = '${measure}' AND minute >= $1
    )
    SELECT tenant_id, minute, consumer, COALESCE(counted.total, 0) AS total,
      now() AS recorded_at
    FROM counted ${changed ? 'LEFT' : 'FULL'} JOIN exported USING (tenant_id, minute, consumer)
    WHERE COALESCE(counted.total, 0) <> COALESCE(exported.total, 0)
    ORDER BY tenant_id, minute, consumer
    LIMIT ${PAGE_ROWS}`;
}

async function noteExported(
  database: Database,
  { measure }: ExportSource,
  counts: readonly CountRow[],
): Promise<void> {
  const columns = [
    counts.map((one) => one.tenant_id),
    counts.map((one) => one.minute.toISOString()),
    counts.map((one) => one.consumer),
    counts.map((one) => one.total),
  ];
  await database.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO ledger_exports (measure, tenant_id, minute, consumer, total, exported_at)
       SELECT $1, tenant_id, minute, consumer, total, now()
       FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::bigint[])
         AS counted (tenant_id, minute, consumer, total)
       ON CONFLICT (measure, tenant_id, minute, consumer)
       DO UPDATE SET total = EXCLUDED.total, exported_at = EXCLUDED.exported_at`,
      [measure, ...columns],
    );
    await tx.query('DELETE FROM ledger_exports WHERE measure = $1 AND total = 0', [measure]);
  });
}
