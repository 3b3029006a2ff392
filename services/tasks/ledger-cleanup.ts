import type { Database } from '#platform/database/database.ts';
import type { Task } from './routes.ts';

const BATCH_ROWS = 1_000;

/** Each removes one batch of rows older than $1 days, at most $2 of them. */
const BATCHES = [
  `DELETE FROM processed_events
   WHERE (consumer, event_id) IN (
     SELECT consumer, event_id FROM processed_events
     WHERE processed_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
  `DELETE FROM resolved_observations
   WHERE observation_id IN (
     SELECT observation_id FROM resolved_observations
     WHERE resolved_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
  `DELETE FROM replayed_events
   WHERE (replay_id, consumer, event_id) IN (
     SELECT replay_id, consumer, event_id FROM replayed_events
     WHERE processed_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
  `DELETE FROM canaries
   WHERE event_id IN (
     SELECT event_id FROM canaries WHERE sent_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
  `DELETE FROM connection_checks
   WHERE id IN (
     SELECT id FROM connection_checks
     WHERE checked_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
  `DELETE FROM connection_logs
   WHERE id IN (
     SELECT id FROM connection_logs WHERE logged_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
  // What waits for somebody, or for its next attempt, stays for as long as it does.
  `DELETE FROM dead_letters
   WHERE id IN (
     SELECT id FROM dead_letters
     WHERE state IN ('retried', 'dropped', 'resolved')
       AND changed_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
];

/**
 * Removes ledger entries, settled dead letters, checks and logs of connections older than `keepDays`, in
 * small batches so that nobody is held up.
 */
export function ledgerCleanup(database: Database, keepDays: number): Task {
  return async () => {
    let removed = 0;
    for (const batch of BATCHES) {
      for (;;) {
        const rows = await database.query(batch, [keepDays, BATCH_ROWS]);
        removed += rows.length;
        if (rows.length < BATCH_ROWS) break;
      }
    }
    return { removed };
  };
}
