import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database, Queryable } from '#platform/database/database.ts';
import { resolveDeadLetter } from '../dead-letters/count-failure.ts';
import { withDeadline } from '../deadline.ts';
import type { Consumer, Handling } from './consumer.ts';
import { HandlerTimeout, NotNow } from './failures.ts';
import { type Entry, enterLedger } from './ledger.ts';
import { deadLetterId, type ReceivedEvent } from './received.ts';

/** Within what PGlite and Postgres let a transaction wait for its body. */
const DEFAULT_TIMEOUT_MS = 20_000;
/** A database that does not answer a simple question in this time is what a handler waits for. */
const PROBE_MS = 2_000;
const CANARY = 'canary';
/** After these an attempt is the first again. */
const SETTLED: ReadonlySet<string> = new Set(['resolved', 'dropped']);

/** Asks the database a question that it always can answer. */
type Probe = () => Promise<unknown>;

export type Acted = 'processed' | 'repeated' | 'canary' | 'dropped' | 'stopped';

/** Takes the entry back: the event is not to act now. */
class NotToAct extends Error {
  readonly outcome: Acted;

  constructor(outcome: Acted) {
    super(`The event is not to act: ${outcome}.`);
    this.outcome = outcome;
  }
}

/**
 * Acts on an event at most once: ledger entry and effects are one transaction, and so is the end of its
 * dead letter where earlier attempts had failed.
 *
 * @returns what was done; nothing, when the event was dropped or the consumer takes no more
 * @throws what the handler or the database throws; effects and entry are taken back
 */
export async function act(
  database: Database,
  consumer: Consumer,
  received: ReceivedEvent,
): Promise<Acted> {
  // Inside of the transaction the database may not be asked.
  const outside = AsyncLocalStorage.snapshot();
  const probe = () => outside(() => database.query('SELECT 1'));
  try {
    return await database.transaction((tx) => actWithin(tx, consumer, received, probe));
  } catch (error) {
    if (error instanceof NotToAct) return error.outcome;
    throw error;
  }
}

async function actWithin(
  tx: Queryable,
  consumer: Consumer,
  received: ReceivedEvent,
  probe: Probe,
): Promise<Acted> {
  const letterId = deadLetterId(consumer.name, received);
  const { entered, stopped, letter } = await enterLedger(tx, consumer.name, received, letterId);
  const dropped = letter?.state === 'dropped' && received.askedFor === undefined;
  if (stopped) throw new NotToAct('stopped');
  if (entered && dropped) throw new NotToAct('dropped');
  const isCanary = received.event.metadata.source === CANARY && consumer.canaries !== true;
  if (entered && !isCanary) await handle(consumer, received, tx, letter, probe);
  if (letter && !dropped) await resolveDeadLetter(tx, letterId);
  if (!entered) return 'repeated';
  return isCanary ? CANARY : 'processed';
}

async function handle(
  consumer: Consumer,
  { event, replayId }: ReceivedEvent,
  tx: Queryable,
  letter: Entry['letter'],
  probe: Probe,
): Promise<void> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = consumer;
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const watched = new WatchedQueries(tx);
  const timer = setTimeout(async () => {
    const isSilent = watched.underWay && !(await answers(probe));
    const error = isSilent
      ? new NotNow('database_silent')
      : new HandlerTimeout(`${consumer.name} took longer than ${timeoutMs} ms.`);
    controller.abort(error);
    late.reject(error);
  }, timeoutMs);
  const handling: Handling = {
    attempt: (letter && !SETTLED.has(letter.state) ? letter.attempts : 0) + 1,
    replayId,
    signal: controller.signal,
  };
  try {
    await Promise.race([consumer.handle(event, watched, handling), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Tells a handler that takes long from one that a database keeps waiting. */
class WatchedQueries implements Queryable {
  readonly #tx: Queryable;
  #underWay = 0;

  constructor(tx: Queryable) {
    this.#tx = tx;
  }

  get underWay(): boolean {
    return this.#underWay > 0;
  }

  async query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    this.#underWay += 1;
    try {
      return await this.#tx.query<Row>(sql, values);
    } finally {
      this.#underWay -= 1;
    }
  }
}

async function answers(probe: Probe): Promise<boolean> {
  let hasAnswered = false;
  const asked = probe().then(() => {
    hasAnswered = true;
  });
  await withDeadline(asked, PROBE_MS);
  return hasAnswered;
}
