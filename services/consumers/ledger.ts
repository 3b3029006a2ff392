import type { Queryable } from '#platform/database/database.ts';
import type { DeadLetterState } from '../dead-letters/dead-letter.ts';
import type { ReceivedEvent } from './received.ts';

/** What stands in the database when a consumer takes an event. */
export interface Entry {
  /** False when the event has acted already, was dropped, or the consumer has been stopped. */
  readonly entered: boolean;
  readonly stopped: boolean;
  /** The event's dead letter, when an attempt has failed before. */
  readonly letter: { readonly state: DeadLetterState; readonly attempts: number } | undefined;
}

/** $7: asked for by somebody, so that a dropped event is taken too. */
const MAY_ENTER = `NOT EXISTS (SELECT 1 FROM consumers WHERE name = $1 AND state = 'stopped')
    AND ($7::boolean OR NOT EXISTS (SELECT 1 FROM letter WHERE state = 'dropped'))`;

const RESULT = `SELECT
    EXISTS (SELECT 1 FROM entered) AS entered,
    EXISTS (SELECT 1 FROM consumers WHERE name = $1 AND state = 'stopped') AS stopped,
    (SELECT state FROM letter) AS state,
    (SELECT attempts FROM letter) AS attempts`;

const LETTER = 'letter AS (SELECT state, attempts FROM dead_letters WHERE id = $5)';

// One statement: the ledger is asked for every delivery.
const ENTER = `
  WITH ${LETTER}, entered AS (
    INSERT INTO processed_events (consumer, event_id, tenant_id, received_at)
    SELECT $1, $2::uuid, $3, $4::timestamptz WHERE $6::text IS NULL AND ${MAY_ENTER}
    ON CONFLICT DO NOTHING RETURNING 1
  ) ${RESULT}`;

/** Once for each replay, whether it has acted before or not; a later delivery finds it in both ledgers. */
const ENTER_AGAIN = `
  WITH ${LETTER}, entered AS (
    INSERT INTO replayed_events (replay_id, consumer, event_id, tenant_id)
    SELECT $6, $1, $2::uuid, $3 WHERE ${MAY_ENTER}
    ON CONFLICT DO NOTHING RETURNING 1
  ), first AS (
    INSERT INTO processed_events (consumer, event_id, tenant_id, received_at)
    SELECT $1, $2::uuid, $3, $4::timestamptz WHERE EXISTS (SELECT 1 FROM entered)
    ON CONFLICT DO NOTHING
  ) ${RESULT}`;

/**
 * Enters an event into the ledger of a consumer, if it is to act. A second process that takes the same
 * event waits here until the first transaction has ended.
 *
 * @param tx the transaction of the event's effects
 * @param letterId see deadLetterId
 */
export async function enterLedger(
  tx: Queryable,
  consumer: string,
  { event, replayId, askedFor }: ReceivedEvent,
  letterId: string,
): Promise<Entry> {
  const [row] = await tx.query<{
    entered: boolean;
    stopped: boolean;
    state: DeadLetterState | null;
    attempts: number | null;
  }>(replayId === undefined ? ENTER : ENTER_AGAIN, [
    consumer,
    event.event_id,
    event.tenant_id,
    event.received_at,
    letterId,
    replayId ?? null,
    askedFor !== undefined,
  ]);
  const { entered = false, stopped = false, state, attempts } = row ?? {};
  return { entered, stopped, letter: state ? { state, attempts: attempts ?? 0 } : undefined };
}
