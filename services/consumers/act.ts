import type { Database, Queryable } from '#platform/database/database.ts';
import { resolveDeadLetter } from '../dead-letters/count-failure.ts';
import type { Consumer, Handling } from './consumer.ts';
import { HandlerTimeout } from './failures.ts';
import { type Entry, enterLedger } from './ledger.ts';
import { deadLetterId, type ReceivedEvent } from './received.ts';

/** Within what PGlite and Postgres let a transaction wait for its body. */
const DEFAULT_TIMEOUT_MS = 20_000;
const CANARY = 'canary';
/** After these an attempt is the first again. */
const SETTLED: ReadonlySet<string> = new Set(['resolved', 'dropped']);

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
  try {
    return await database.transaction((tx) => actWithin(tx, consumer, received));
  } catch (error) {
    if (error instanceof NotToAct) return error.outcome;
    throw error;
  }
}

async function actWithin(
  tx: Queryable,
  consumer: Consumer,
  received: ReceivedEvent,
): Promise<Acted> {
  const letterId = deadLetterId(consumer.name, received);
  const { entered, stopped, letter } = await enterLedger(tx, consumer.name, received, letterId);
  const dropped = letter?.state === 'dropped' && received.askedFor === undefined;
  if (stopped) throw new NotToAct('stopped');
  if (entered && dropped) throw new NotToAct('dropped');
  const isCanary = received.event.metadata.source === CANARY && consumer.canaries !== true;
  if (entered && !isCanary) await handle(consumer, received, tx, letter);
  if (letter && !dropped) await resolveDeadLetter(tx, letterId);
  if (!entered) return 'repeated';
  return isCanary ? CANARY : 'processed';
}

async function handle(
  consumer: Consumer,
  { event, replayId }: ReceivedEvent,
  tx: Queryable,
  letter: Entry['letter'],
): Promise<void> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = consumer;
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new HandlerTimeout(`${consumer.name} took longer than ${timeoutMs} ms.`);
    controller.abort(error);
    late.reject(error);
  }, timeoutMs);
  const handling: Handling = {
    attempt: (letter && !SETTLED.has(letter.state) ? letter.attempts : 0) + 1,
    replayId,
    signal: controller.signal,
  };
  try {
    await Promise.race([consumer.handle(event, tx, handling), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
