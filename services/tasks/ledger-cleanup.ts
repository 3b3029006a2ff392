import type { Database } from '#platform/database/database.ts';
import type { Task } from './routes.ts';

const BATCH_ROWS = 1_000;

/** Removes ledger entries older than `keepDays`, in small batches so that consumers are not held up. */
export function ledgerCleanup(database: Database, keepDays: number): Task {
  return async () => {
    let removed = 0;
    for (;;) {
      const rows = await database.query(
        `DELETE FROM processed_events
         WHERE (consumer, event_id) IN (
           SELECT consumer, event_id FROM processed_events
           WHERE processed_at < now() - make_interval(days => $1) LIMIT $2
         ) RETURNING 1`,
        [keepDays, BATCH_ROWS],
      );
      removed += rows.length;
      if (rows.length < BATCH_ROWS) return { removed };
    }
  };
}
