import type { Queryable } from '#platform/database/database.ts';
import type { DeadLetterState } from '../dead-letters/dead-letter.ts';
import type { ReceivedEvent } from './received.ts';

/** What stands in the database when a consumer takes an event. */
export interface Entry {
  /** False when the event has acted already. */
  readonly entered: boolean;
  /** True when the consumer has been stopped. */
  readonly stopped: boolean;
  /** The event's dead letter, when an attempt has failed before. */
  readonly letter: Letter | undefined;
}

interface Letter {
  readonly state: DeadLetterState;
  readonly attempts: number;
}

interface Entered {
  readonly stopped: boolean;
  readonly letter: Letter | null;
}

/** Read with the entry: a statement of its own, or a larger one, costs PGlite as much as the entry. */
const FOUND = `
  EXISTS (SELECT 1 FROM consumers WHERE name = $1 AND state = 'stopped') AS stopped,
  (SELECT json_build_object('state', state, 'attempts', attempts)
   FROM dead_letters WHERE id = $4) AS letter`;

const ENTER = `
  INSERT INTO processed_events (consumer, event_id, tenant_id, received_at)
  VALUES ($1, $2, $3, $5) ON CONFLICT DO NOTHING RETURNING ${FOUND}`;

const ENTER_AGAIN = `
  INSERT INTO replayed_events (replay_id, consumer, event_id, tenant_id)
  VALUES ($5, $1, $2, $3) ON CONFLICT DO NOTHING RETURNING ${FOUND}`;

/**
 * Enters an event into the ledger of a consumer; in a replay that acts once more into that of the
 * replay too. A second process that takes the same event waits here until the first transaction ends.
 *
 * @param tx the transaction of the event's effects
 * @param letterId see deadLetterId
 */
export async function enterLedger(
  tx: Queryable,
  consumer: string,
  { event, replayId }: ReceivedEvent,
  letterId: string,
): Promise<Entry> {
  const { event_id, tenant_id, received_at } = event;
  const key = [consumer, event_id, tenant_id, letterId];
  const [row] =
    replayId === undefined
      ? await tx.query<Entered>(ENTER, [...key, received_at])
      : await tx.query<Entered>(ENTER_AGAIN, [...key, replayId]);
  if (!row) return { entered: false, stopped: false, letter: await findLetter(tx, letterId) };
  // A later delivery that asks for what is missing must find it.
  if (replayId !== undefined) await tx.query(ENTER, [...key, received_at]);
  return { entered: true, stopped: row.stopped, letter: row.letter ?? undefined };
}

async function findLetter(tx: Queryable, id: string): Promise<Letter | undefined> {
  const [row] = await tx.query<Letter>('SELECT state, attempts FROM dead_letters WHERE id = $1', [
    id,
  ]);
  return row;
}
