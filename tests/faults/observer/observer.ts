import type { Database } from '#platform/database/database.ts';
import type { Consumer } from '#services/consumers/consumer.ts';

export const OBSERVER = 'fault-observer';

/** One time that an event took effect. */
export interface Effect {
  readonly eventId: string;
  readonly entityId: string;
}

/** What the observer tells its parent process of, when it has one. */
export interface Observed {
  readonly observed: string;
}

/**
 * A consumer whose effects can be counted and put in order: a row for each, numbered, in the
 * transaction that the consumers' frame gives it.
 */
export function observer(): Consumer {
  return {
    name: OBSERVER,
    options: { backoff: { minMs: 50, maxMs: 2_000 } },
    handle: async (event, tx) => {
      await tx.query('INSERT INTO fault_suite_effects (event_id, entity_id) VALUES ($1, $2)', [
        event.event_id,
        event.entity_id,
      ]);
      // A hint, before the commit: what counts is read from the database in the end.
      const observed: Observed = { observed: event.event_id };
      process.send?.(observed);
    },
  };
}

/**
 * Makes the tables that the observer writes to, in a migrated database. Deliveries are counted where
 * the ledger is asked, which is before it says whether the event is known.
 */
export async function installObserver(database: Database): Promise<void> {
  await database.query(
    `CREATE TABLE fault_suite_effects (
       effect bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       event_id uuid NOT NULL,
       entity_id text NOT NULL
     )`,
  );
  await database.query('CREATE TABLE fault_suite_deliveries (event_id uuid NOT NULL)');
  await database.query(
    `CREATE FUNCTION note_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       INSERT INTO fault_suite_deliveries VALUES (NEW.event_id);
       RETURN NEW;
     END $$`,
  );
  await database.query(
    `CREATE TRIGGER note_delivery BEFORE INSERT ON processed_events
     FOR EACH ROW WHEN (NEW.consumer = '${OBSERVER}') EXECUTE FUNCTION note_delivery()`,
  );
}

/** All effects, in their order. */
export async function readEffects(database: Database): Promise<Effect[]> {
  const rows = await database.query<{ event_id: string; entity_id: string }>(
    'SELECT event_id, entity_id FROM fault_suite_effects ORDER BY effect',
  );
  return rows.map((row) => ({ eventId: row.event_id, entityId: row.entity_id }));
}

/** How often the ledger was asked about any event. */
export async function countDeliveries(database: Database): Promise<number> {
  const rows = await database.query<{ deliveries: number }>(
    'SELECT count(*)::int AS deliveries FROM fault_suite_deliveries',
  );
  return rows[0]?.deliveries ?? 0;
}
