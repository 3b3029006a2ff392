// Real: Postgres, embedded and as a server. Asserted: what is removed, and above all what stays.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { DEAD_LETTER_STATES } from '../dead-letters/dead-letter.ts';
import { ledgerCleanup } from './ledger-cleanup.ts';

describeOnEachDatabase('the clean-up of ledgers', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  it('removes old entries and settled letters in batches, and never what waits', async () => {
    const { db } = database;
    const at = (days: number) => `now() - interval '${days} days'`;
    for (const [count, days] of [
      [2_500, 9],
      [10, 7],
    ] as const) {
      await db.query(
        `INSERT INTO processed_events (consumer, event_id, tenant_id, processed_at)
         SELECT 'one', gen_random_uuid(), 'acme', ${at(days)} FROM generate_series(1, ${count})`,
      );
      await db.query(
        `INSERT INTO replayed_events (replay_id, consumer, event_id, tenant_id, processed_at)
         SELECT 'r', 'one', gen_random_uuid(), 'acme', ${at(days)} FROM generate_series(1, 3)`,
      );
      for (const state of DEAD_LETTER_STATES) {
        await db.query(
          `INSERT INTO dead_letters (id, consumer, topic, tenant_id, message, message_bytes, state,
             attempts, reason, history, changed_at)
           VALUES (gen_random_uuid(), 'one', 't', 'acme', '{}', 2, $1, 1, 'Error', '[]', ${at(days)})`,
          [state],
        );
      }
    }
    expect(await ledgerCleanup(db, 8)()).toEqual({ removed: 2_500 + 3 + 3 });
    expect(await db.query('SELECT count(*)::int AS n FROM processed_events')).toEqual([{ n: 10 }]);
    expect(await db.query('SELECT count(*)::int AS n FROM replayed_events')).toEqual([{ n: 3 }]);
    expect(
      await db.query(
        'SELECT state, count(*)::int AS n FROM dead_letters GROUP BY state ORDER BY state',
      ),
    ).toEqual([
      { state: 'dropped', n: 1 },
      { state: 'open', n: 2 },
      { state: 'resolved', n: 1 },
      { state: 'retried', n: 1 },
      { state: 'retrying', n: 2 },
    ]);
    expect(await ledgerCleanup(db, 8)()).toEqual({ removed: 0 });
  });
});
