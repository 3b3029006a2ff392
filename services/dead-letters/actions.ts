import type { Bus } from '#platform/bus/bus.ts';
import type { TenantDatabase } from '#platform/database/tenant-database.ts';
import { DeadLetterResolved } from '#schemas/problems.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import { retryMessage } from './dead-letter.ts';
import { type DeadLetterFilter, isSequence } from './filter.ts';
import {
  type BatchRow,
  findDeadLetter,
  latestSequence,
  markDropped,
  markRetried,
  readBatch,
  type WholeDeadLetter,
} from './store.ts';

export interface Many {
  readonly tenantId: string;
  readonly filter: DeadLetterFilter;
  /** Where an earlier call ended. */
  readonly cursor: string | undefined;
  /** Who does it. */
  readonly by: string;
}

export interface Done {
  readonly count: number;
  /** To go on with when the time was not enough for all; null when all is done. */
  readonly next_cursor: string | null;
}

/** A call takes about this long: below what clients and proxies wait for. */
const CALL_MS = 10_000;

/**
 * Publishes a letter again, for its consumer alone. One that has acted meanwhile stays as it is. Doing
 * it twice publishes it twice, and the ledger lets it act once.
 *
 * @returns the letter as it is then
 * @throws NotFound, and what the bus throws; the letter is as it was then
 */
export async function retryOne(
  { bus, database }: { readonly bus: Bus; readonly database: TenantDatabase },
  { tenantId, id, by }: { readonly tenantId: string; readonly id: string; readonly by: string },
): Promise<WholeDeadLetter> {
  const letter = await findDeadLetter(database, tenantId, id);
  if (letter.state === 'resolved') return letter;
  await publishAgain(bus, [letter]);
  await markRetried(database, [letter], by);
  return findDeadLetter(database, tenantId, id);
}

/**
 * The same for all letters that a filter names, in the order of their first failures: those that are
 * open, unless it names another state. A letter that fails once more is not tried again by this.
 */
export function retryMany(
  { bus, database }: { readonly bus: Bus; readonly database: TenantDatabase },
  { tenantId, filter, cursor, by }: Many,
): Promise<Done> {
  if (filter.state === 'resolved') return Promise.resolve({ count: 0, next_cursor: null });
  return inBatches(database, { tenantId, filter, cursor }, async (letters) => {
    await publishAgain(bus, letters);
    await markRetried(database, letters, by);
    return letters.length;
  });
}

/**
 * Ends a letter that nobody wants to act any more. One that is dropped already keeps its reason.
 *
 * @throws NotFound
 * @throws DeadLetterResolved when it has acted
 */
export async function dropOne(
  database: TenantDatabase,
  {
    tenantId,
    id,
    ...why
  }: {
    readonly tenantId: string;
    readonly id: string;
    readonly by: string;
    readonly reason: string;
  },
): Promise<WholeDeadLetter> {
  await findDeadLetter(database, tenantId, id);
  await markDropped(database, [id], why);
  const letter = await findDeadLetter(database, tenantId, id);
  if (letter.state === 'resolved') {
    throw new DeadLetterResolved(
      `Dead letter ${id} is resolved: its consumer has acted on it. There is nothing left to drop.`,
    );
  }
  return letter;
}

/** The same for all letters that a filter names: those that are open, unless it names another state. */
export function dropMany(
  database: TenantDatabase,
  { tenantId, filter, cursor, by, reason }: Many & { readonly reason: string },
): Promise<Done> {
  return inBatches(database, { tenantId, filter, cursor }, (letters) =>
    markDropped(
      database,
      letters.map(({ id }) => id),
      { by, reason },
    ),
  );
}

async function inBatches(
  database: TenantDatabase,
  { tenantId, filter, cursor }: Omit<Many, 'by'>,
  work: (letters: readonly BatchRow[]) => Promise<number>,
): Promise<Done> {
  const endsAtMs = performance.now() + CALL_MS;
  const chosen = { state: 'open' as const, ...filter };
  let [after = '0', until = ''] =
    cursor === undefined
      ? ['0', await latestSequence(database, tenantId)]
      : decodeCursor(cursor, [isSequence, isSequence]);
  for (let count = 0; ; ) {
    const letters = await readBatch(database, tenantId, chosen, { after, until });
    const last = letters.at(-1);
    if (!last) return { count, next_cursor: null };
    count += await work(letters);
    after = last.sequence;
    if (performance.now() > endsAtMs) return { count, next_cursor: encodeCursor([after, until]) };
  }
}

async function publishAgain(
  bus: Bus,
  letters: readonly Pick<BatchRow, 'topic' | 'consumer' | 'replay_id' | 'message'>[],
): Promise<void> {
  const byTopic = Map.groupBy(letters, ({ topic }) => topic);
  await Promise.all(
    [...byTopic].map(([topic, those]) =>
      bus.publish(
        topic,
        those.map(({ message, consumer, replay_id }) =>
          retryMessage(message, { consumer, replayId: replay_id }),
        ),
      ),
    ),
  );
}
