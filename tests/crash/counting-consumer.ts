import type { Queryable } from '#platform/database/database.ts';
import type { Consumer } from '#services/consumers/consumer.ts';

/** A consumer whose effect can be counted: one row for each event, with how often it took effect. */
export function countingConsumer(): Consumer {
  let ready: Promise<unknown> | undefined;
  const createTable = (tx: Queryable) =>
    tx.query(
      'CREATE TABLE IF NOT EXISTS crash_test_effects (event_id uuid PRIMARY KEY, times int NOT NULL)',
    );
  return {
    name: 'crash-test',
    options: { maxInFlight: 8, backoff: { minMs: 20, maxMs: 200 } },
    handle: async (event, tx) => {
      ready ??= createTable(tx);
      await ready;
      await tx.query(
        `INSERT INTO crash_test_effects AS effects (event_id, times) VALUES ($1, 1)
         ON CONFLICT (event_id) DO UPDATE SET times = effects.times + 1`,
        [event.event_id],
      );
    },
  };
}
