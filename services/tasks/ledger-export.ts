import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { withLease } from '../leases/lease.ts';
import { exportConsumers } from '../ledger/export-consumers.ts';
import { type ExportWindow, exportCounts } from '../ledger/export-counts.ts';
import { EXPORT_SOURCES } from '../ledger/export-sources.ts';
import type { Task } from './routes.ts';

export interface LedgerExportOptions {
  readonly database: Database;
  readonly warehouse: Warehouse;
  /** How long ledger entries are kept. */
  readonly keepDays: number;
}

/** Entries show when their transactions end, and bear the time at which these began. */
const OVERLAP_MS = 15 * 60_000;
/** A pass that was missed for days is made up for in steps of this length. */
const STEP_MS = 60 * 60_000;

/**
 * Exports to the warehouse what Postgres counts for the loss ledger: consumed, spooled and dead-lettered
 * by tenant and minute of receipt, as far as it has changed; and who the consumers are. One process at a
 * time. A pass that fails or is cut off is made up for by the next one.
 */
export function ledgerExport({ database, warehouse, keepDays }: LedgerExportOptions): Task {
  return async () => {
    const outcome = await withLease(database, { name: 'ledger-export' }, async (signal) => {
      const consumers = await exportConsumers(database, warehouse);
      let counts = 0;
      for (;;) {
        const { window, isLast } = await nextStep(database, keepDays);
        const sources = EXPORT_SOURCES.filter(({ changed }) => changed || isLast);
        for (const source of sources) {
          counts += await exportCounts(database, warehouse, source, window, signal);
        }
        await database.query('UPDATE ledger_progress SET exported_through = $1', [
          window.processedBefore,
        ]);
        if (isLast) break;
      }
      await forgetExports(database);
      return { consumers, counts };
    });
    return outcome.held ? outcome.result : { skipped: 'another process is at it' };
  };
}

async function nextStep(
  database: Database,
  keepDays: number,
): Promise<{ window: ExportWindow; isLast: boolean }> {
  // By the clock of the database alone, which gave the entries their times.
  const [row] = await database.query<{ exported_through: Date; now: Date; minutes_from: Date }>(
    `SELECT exported_through, now() AS now,
       date_trunc('minute', now() - make_interval(days => $1), 'UTC') AS minutes_from
     FROM ledger_progress`,
    [keepDays - 1],
  );
  if (!row) throw new Error('ledger_progress has lost its row. Insert it: DEFAULT VALUES.');
  const processedFrom = new Date(row.exported_through.getTime() - OVERLAP_MS);
  const step = new Date(processedFrom.getTime() + STEP_MS);
  const isLast = step >= row.now;
  return {
    window: {
      minutesFrom: row.minutes_from,
      processedFrom,
      processedBefore: isLast ? row.now : step,
    },
    isLast,
  };
}

/** What no pass will look at again, and counts of minutes that are exported no more. */
async function forgetExports(database: Database): Promise<void> {
  await database.query(
    `DELETE FROM ledger_exports
     WHERE (measure = 'consumed' AND exported_at < now() - interval '1 hour')
       OR minute < now() - interval '31 days'`,
  );
}
