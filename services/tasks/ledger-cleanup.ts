import type { Database } from '#platform/database/database.ts';
import type { Task } from './routes.ts';

const BATCH_ROWS = 1_000;

/** Each removes one batch of rows older than $1 days, at most $2 of them. Those of the ledgers. */
const LEDGER_BATCHES = [
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
  // What waits for somebody, or for its next attempt, stays for as long as it does.
  `DELETE FROM dead_letters
   WHERE id IN (
     SELECT id FROM dead_letters
     WHERE state IN ('retried', 'dropped', 'resolved')
       AND changed_at < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`,
];

/** The same, of what is kept for a time of its own: so many days after the column. */
const TIMED = [
  { table: 'sessions', key: 'id_hash', column: 'expires_at', days: 0 },
  // A day more than a link is valid: by no clock may it be used again.
  { table: 'used_sign_in_links', key: 'id', column: 'expires_at', days: 1 },
  { table: 'oauth_authorizations', key: 'state_hash', column: 'expires_at', days: 0 },
  {
    table: 'idempotency_keys',
    key: '(tenant_id, actor, key)',
    column: 'created_at',
    days: 1,
  },
  { table: 'connection_checks', key: 'id', column: 'checked_at', days: 30 },
  { table: 'connection_logs', key: 'id', column: 'logged_at', days: 30 },
] as const;

const timedBatch = ({ table, key, column }: (typeof TIMED)[number]) =>
  `DELETE FROM ${table}
   WHERE ${key} IN (
     SELECT ${key.replaceAll(/[()]/g, '')} FROM ${table}
     WHERE ${column} < now() - make_interval(days => $1) LIMIT $2
   ) RETURNING 1`;

/**
 * Removes ledger entries and settled dead letters older than `keepDays`, and what else has had its time, in
 * small batches so that nobody is held up.
 */
export function ledgerCleanup(database: Database, keepDays: number): Task {
  return async () => {
    let removed = 0;
    const batches = [
      ...LEDGER_BATCHES.map((sql) => ({ sql, days: keepDays })),
      ...TIMED.map((timed) => ({ sql: timedBatch(timed), days: timed.days })),
    ];
    for (const { sql, days } of batches) {
      for (;;) {
        const rows = await database.query(sql, [days, BATCH_ROWS]);
        removed += rows.length;
        if (rows.length < BATCH_ROWS) break;
      }
    }
    return { removed };
  };
}
