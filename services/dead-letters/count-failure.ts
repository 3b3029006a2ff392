import type { Queryable } from '#platform/database/database.ts';
import { deadLetterId, type Received } from '../consumers/received.ts';
import { type DeadLetterState, messageText } from './dead-letter.ts';

/** A failed attempt at a message. */
export interface Failure {
  /** The consumer, or the subscription that gave the message up. */
  readonly consumer: string;
  readonly topic: string;
  readonly received: Received;
  /** Of a message that names no tenant itself. */
  readonly tenantId: string;
  /** Name and code of the error; never a value. */
  readonly reason: string;
  /** Gives the message up whatever its attempts. */
  readonly giveUp: boolean;
  readonly maxAttempts: number;
  /** How often the bus has tried it, where the bus counted instead. */
  readonly attempts?: number;
}

/** The latest attempts that a dead letter keeps. */
const MAX_HISTORY = 50;
const REPLACEMENT = '\uFFFD';

/**
 * $12 true gives up; $13 is the most attempts, $14 what the bus has counted. A letter that was given up
 * before is open again with one failure: whoever had it tried again wants to know. What has acted
 * meanwhile, in another process, is no failure.
 */
const COUNT = `
  INSERT INTO dead_letters AS letter (
    id, consumer, topic, event_id, replay_id, tenant_id, connection_id, event_type, entity_type,
    entity_id, received_at, message, message_bytes, attempts, state, reason, history)
  SELECT $1::uuid, $2, $3, $4::uuid, $5, $6, $7, $8, $9, $10, $11::timestamptz, $15, $16::int,
    coalesce($14::int, 1),
    CASE WHEN $12::boolean OR coalesce($14::int, 1) >= $13::int THEN 'open' ELSE 'retrying' END,
    $17::text, jsonb_build_array(jsonb_build_object('at', now(), 'reason', $17::text))
  WHERE NOT EXISTS (
    SELECT 1 FROM processed_events
    WHERE $5::text IS NULL AND consumer = $2 AND event_id = $4::uuid
  ) AND NOT EXISTS (
    SELECT 1 FROM replayed_events WHERE replay_id = $5 AND consumer = $2 AND event_id = $4::uuid
  )
  ON CONFLICT (id) DO UPDATE SET
    attempts = CASE
      WHEN $14::int IS NOT NULL THEN greatest(letter.attempts, $14::int)
      WHEN letter.state IN ('resolved', 'dropped') THEN 1
      ELSE letter.attempts + 1 END,
    state = CASE
      WHEN $12::boolean OR letter.state IN ('open', 'retried') THEN 'open'
      WHEN letter.state = 'retrying' AND letter.attempts + 1 >= $13::int THEN 'open'
      WHEN $13::int <= 1 THEN 'open'
      ELSE 'retrying' END,
    reason = EXCLUDED.reason,
    history = CASE WHEN jsonb_array_length(letter.history) >= ${MAX_HISTORY}
      THEN letter.history - 0 ELSE letter.history END || EXCLUDED.history,
    last_failed_at = now(), changed_at = now(), version = letter.version + 1,
    dropped_at = NULL, dropped_by = NULL, dropped_reason = NULL
  RETURNING state, attempts`;

/**
 * Counts a failed attempt in the message's dead letter, which is made with the first.
 *
 * @returns what has become of it: `retrying` while it is to be tried again, `open` when it is given up;
 *   undefined when the event has acted meanwhile
 * @throws DatabaseUnavailable; then nothing was counted
 */
export async function countFailure(
  database: Queryable,
  failure: Failure,
): Promise<{ readonly state: DeadLetterState; readonly attempts: number } | undefined> {
  const { consumer, received, reason } = failure;
  const { event, message } = received;
  const text = messageText(message);
  const values = {
    id: deadLetterId(consumer, received),
    consumer: storable(consumer),
    topic: failure.topic,
    eventId: event?.event_id ?? null,
    replayId: (event && received.replayId) ?? null,
    tenantId: event?.tenant_id ?? (storable(message.attributes.tenant_id) || failure.tenantId),
    connectionId: storable(event?.connection_id ?? message.attributes.connection_id),
    eventType: storable(event?.event_type ?? message.attributes.event_type),
    entityType: storable(event?.entity_type),
    entityId: storable(event?.entity_id),
    receivedAt: event?.received_at ?? null,
    giveUp: failure.giveUp,
    maxAttempts: failure.maxAttempts,
    attempts: failure.attempts ?? null,
    text,
    bytes: Buffer.byteLength(text),
    reason,
  };
  // Named in the order of the statement's $1 to $17.
  const [row] = await database.query<{ state: DeadLetterState; attempts: number }>(
    COUNT,
    Object.values(values),
  );
  return row;
}

/** Settles the letter of an event that has acted; within the transaction of its effects. */
export async function resolveDeadLetter(tx: Queryable, id: string): Promise<void> {
  await tx.query(
    `UPDATE dead_letters SET state = 'resolved', changed_at = now(), version = version + 1
     WHERE id = $1 AND state <> 'resolved'`,
    [id],
  );
}

/** Text that filters compare with, as far as Postgres can hold it. */
function storable(text: string | undefined): string | null {
  return text === undefined
    ? null
    : text.toWellFormed().replaceAll('\0', REPLACEMENT).slice(0, 256);
}
