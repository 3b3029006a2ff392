// Rows as the consumers' frame and the spool write them, for tests of what counts and compares them.
import type { Database } from '#platform/database/database.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';

/** Lets the ledger reach back to before the events of the tests. */
export async function beginLedgerEarly(database: Database): Promise<void> {
  await database.query(
    "UPDATE ledger_progress SET began_at = TIMESTAMPTZ '2026-01-01 00:00:00+00'",
  );
}

interface Processed {
  readonly consumer: string;
  readonly event_id: string;
  readonly tenant_id: string;
  readonly received_at: string | null;
}

/** Enters an event into the ledger of a consumer, `secondsAgo`. */
export async function consumed(
  database: Database,
  { consumer, event_id, tenant_id, received_at }: Processed,
  secondsAgo = 0,
): Promise<void> {
  await database.query(
    `INSERT INTO processed_events (consumer, event_id, tenant_id, received_at, processed_at)
     VALUES ($1, $2, $3, $4, now() - make_interval(secs => $5))`,
    [consumer, event_id, tenant_id, received_at, secondsAgo],
  );
}

/** Notes that the resolver has resolved an observation. */
export async function resolved(
  database: Database,
  { event_id, tenant_id, received_at }: Omit<Processed, 'consumer'>,
): Promise<void> {
  await database.query(
    `INSERT INTO resolved_observations
       (observation_id, tenant_id, connection_id, events, received_at)
     VALUES ($1, $2, 'con_1', '[]', $3)`,
    [event_id, tenant_id, received_at],
  );
}

export async function subscribe(
  database: Database,
  name: string,
  since = '2026-01-01T00:00:00.000Z',
): Promise<void> {
  await database.query('INSERT INTO consumers (name, topic, subscribed_at) VALUES ($1, $2, $3)', [
    name,
    EVENTS_TOPIC,
    since,
  ]);
}

/** @returns the id of the dead letter */
export async function deadLetter(
  database: Database,
  { consumer, event_id, tenant_id, received_at }: Processed,
  state: 'retrying' | 'open' | 'retried' | 'dropped' | 'resolved',
): Promise<string | undefined> {
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO dead_letters (id, consumer, topic, event_id, tenant_id, received_at, message,
       message_bytes, state, attempts, reason, history)
     VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, '{}', 2, $6, 1, 'Error', '[]')
     RETURNING id`,
    [consumer, EVENTS_TOPIC, event_id, tenant_id, received_at, state],
  );
  return row?.id;
}

/** Puts an event into the spool, which counts it. */
export async function spooled(
  database: Database,
  { event_id, tenant_id, received_at }: Omit<Processed, 'consumer'>,
): Promise<void> {
  await database.query(
    `INSERT INTO spooled_events (event_id, tenant_id, received_at, event, bytes)
     VALUES ($1, $2, $3, '{}', 2)`,
    [event_id, tenant_id, received_at],
  );
  await database.query(
    `INSERT INTO spool_ledger (tenant_id, minute, events)
     VALUES ($1, date_trunc('minute', $2::timestamptz, 'UTC'), 1)
     ON CONFLICT (tenant_id, minute) DO UPDATE SET events = spool_ledger.events + 1`,
    [tenant_id, received_at],
  );
}
