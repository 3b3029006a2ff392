import type { Queryable } from '#platform/database/database.ts';
import { NotFound } from '#schemas/problems.ts';
import type { Attempt, DeadLetterState } from './dead-letter.ts';
import { condition, type DeadLetterFilter } from './filter.ts';

/** A dead letter without its message. */
export interface DeadLetterRow {
  readonly id: string;
  /** Exact text of a whole number, ascending by first failure. */
  readonly sequence: string;
  readonly version: string;
  readonly consumer: string;
  readonly topic: string;
  readonly event_id: string | null;
  readonly replay_id: string | null;
  readonly connection_id: string | null;
  readonly event_type: string | null;
  readonly entity_type: string | null;
  readonly entity_id: string | null;
  readonly received_at: Date | null;
  readonly message_bytes: number;
  readonly state: DeadLetterState;
  readonly attempts: number;
  readonly reason: string;
  readonly first_failed_at: Date;
  readonly last_failed_at: Date;
  readonly retried_at: Date | null;
  readonly retried_by: string | null;
  readonly dropped_at: Date | null;
  readonly dropped_by: string | null;
  readonly dropped_reason: string | null;
}

export interface WholeDeadLetter extends DeadLetterRow {
  readonly message: string;
  readonly history: readonly Attempt[];
}

const COLUMNS = `id, sequence, version, consumer, topic, event_id, replay_id, connection_id,
  event_type, entity_type, entity_id, received_at, message_bytes, state, attempts, reason,
  first_failed_at, last_failed_at, retried_at, retried_by, dropped_at, dropped_by, dropped_reason`;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** What is read, and published again, at once: little enough to be confirmed in the time of a publish. */
const BATCH_ROWS = 100;
const BATCH_BYTES = 8 * 1024 ** 2;

/** @param before sequence of the last letter of the page before */
export function listDeadLetters(
  database: Queryable,
  tenantId: string,
  filter: DeadLetterFilter,
  { limit, before }: { readonly limit: number; readonly before: string | undefined },
): Promise<DeadLetterRow[]> {
  const { sql, values } = condition(tenantId, filter, 3);
  return database.query<DeadLetterRow>(
    `SELECT ${COLUMNS} FROM dead_letters
     WHERE ($2::bigint IS NULL OR sequence < $2::bigint) AND ${sql}
     ORDER BY sequence DESC LIMIT $1`,
    [limit, before ?? null, ...values],
  );
}

/** @throws NotFound also when it is another tenant's */
export async function findDeadLetter(
  database: Queryable,
  tenantId: string,
  id: string,
): Promise<WholeDeadLetter> {
  const rows = UUID.test(id)
    ? await database.query<WholeDeadLetter>(
        `SELECT ${COLUMNS}, message, history FROM dead_letters WHERE tenant_id = $1 AND id = $2`,
        [tenantId, id],
      )
    : [];
  const [row] = rows;
  if (!row) throw notFound(id);
  return row;
}

/** Sequence of the latest letter, so that work on many ends although more are made meanwhile. */
export async function latestSequence(database: Queryable, tenantId: string): Promise<string> {
  const [row] = await database.query<{ latest: string }>(
    'SELECT coalesce(max(sequence), 0) AS latest FROM dead_letters WHERE tenant_id = $1',
    [tenantId],
  );
  return row?.latest ?? '0';
}

export type BatchRow = Pick<
  WholeDeadLetter,
  'id' | 'sequence' | 'version' | 'consumer' | 'topic' | 'replay_id' | 'message'
>;

/** The next letters to work on, oldest first: at most 100, and 8 MiB or one. */
export function readBatch(
  database: Queryable,
  tenantId: string,
  filter: DeadLetterFilter,
  { after, until }: { readonly after: string; readonly until: string },
): Promise<BatchRow[]> {
  const { sql, values } = condition(tenantId, filter, 3);
  return database.query<BatchRow>(
    `SELECT id, sequence, version, consumer, topic, replay_id, message
     FROM (
       SELECT *, sum(message_bytes) OVER (ORDER BY sequence) - message_bytes AS bytes_before
       FROM (
         SELECT id, sequence, version, consumer, topic, replay_id, message, message_bytes
         FROM dead_letters
         WHERE sequence > $1::bigint AND sequence <= $2::bigint AND ${sql}
         ORDER BY sequence LIMIT ${BATCH_ROWS}
       ) AS next
     ) AS measured
     WHERE bytes_before < ${BATCH_BYTES} ORDER BY sequence`,
    [after, until, ...values],
  );
}

/**
 * Notes that letters were published again. One that has changed since it was read is left as it is:
 * it has acted already, or failed anew.
 */
export async function markRetried(
  database: Queryable,
  letters: readonly Pick<BatchRow, 'id' | 'version'>[],
  by: string,
): Promise<void> {
  await database.query(
    `UPDATE dead_letters SET state = 'retried', retried_at = now(), retried_by = $3,
       dropped_at = NULL, dropped_by = NULL, dropped_reason = NULL,
       changed_at = now(), version = dead_letters.version + 1
     FROM unnest($1::uuid[], $2::bigint[]) AS published (id, version)
     WHERE dead_letters.id = published.id AND dead_letters.version = published.version`,
    [letters.map(({ id }) => id), letters.map(({ version }) => version), by],
  );
}

/** Drops letters that have not acted. @returns how many were dropped now */
export async function markDropped(
  database: Queryable,
  ids: readonly string[],
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<number> {
  const rows = await database.query(
    `UPDATE dead_letters SET state = 'dropped', dropped_at = now(), dropped_by = $2,
       dropped_reason = $3, changed_at = now(), version = version + 1
     WHERE id = ANY($1::uuid[]) AND state NOT IN ('dropped', 'resolved') RETURNING 1`,
    [ids, by, reason],
  );
  return rows.length;
}

function notFound(id: string): NotFound {
  return new NotFound(
    `There is no dead letter ${id.slice(0, 60)}. See which there are: npx tributary dead-letters list`,
  );
}
