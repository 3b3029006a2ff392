import { randomUUID } from 'node:crypto';
import type { Database } from '#platform/database/database.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { SpoolFull } from '#schemas/problems.ts';
import { withLease } from '../leases/lease.ts';
import { type SpoolEntry, type SpooledEvent, SpoolStore, type SpoolUsage } from './spool-store.ts';

export interface SpoolOptions {
  readonly database: Database;
  /** Most bytes of events in the database. */
  readonly maxBytes: number;
  /** Most bytes of events that wait in memory for the database. Default 32 MiB. */
  readonly maxWaitingBytes?: number;
}

interface Waiting extends SpoolEntry {
  readonly done: PromiseWithResolvers<void>;
}

const PAGE_EVENTS = 500;
/** Most events that enter in one statement. */
const MAX_GROUP_EVENTS = 2_000;

/**
 * The last resort of acceptance: events that neither the outbox nor the bus confirmed wait in Postgres.
 * What comes while a statement is under way enters together in the next one.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #store: SpoolStore;
  readonly #holder = randomUUID();
  readonly #waiting: Waiting[] = [];
  #waitingChars = 0;
  #entering = false;
  #mayHold = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#store = new SpoolStore(options.database);
  }

  /** False when this process knows of nothing that waits here. */
  get mayHold(): boolean {
    return this.#mayHold;
  }

  /** What waits, whichever process it is from. */
  usage(): Promise<SpoolUsage> {
    return this.#store.usage();
  }

  /** Looks whether an earlier process left something. @returns what waits */
  async look(): Promise<SpoolUsage> {
    const usage = await this.usage();
    if (usage.oldestReceivedAt !== undefined) this.#mayHold = true;
    return usage;
  }

  /**
   * Takes events, all or none.
   *
   * @param afterOutbox true when earlier events wait in the outbox alone, which these may not pass
   * @returns once they are durable
   * @throws SpoolFull when there is no room, DatabaseUnavailable when the database does not answer
   */
  add(events: readonly CanonicalEvent[], afterOutbox: boolean): Promise<void> {
    const texts = events.map((event) => JSON.stringify(event));
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    if (this.#waitingChars + chars > (this.#options.maxWaitingBytes ?? 32 * 1024 ** 2)) {
      return Promise.reject(full('Too much waits for the database already.'));
    }
    this.#waitingChars += chars;
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ events, texts, afterOutbox, done });
    // Before it is there: whoever drains meanwhile must not take the spool for empty.
    this.#mayHold = true;
    if (!this.#entering) void this.#enterAll();
    return done.promise;
  }

  /**
   * Empties the spool, oldest first. One process at a time does, and one call of it.
   *
   * @param carry makes a page of events durable elsewhere; when it throws, the page stays
   * @returns how many left; undefined when another process is at it
   */
  async drain(
    carry: (page: readonly SpooledEvent[]) => Promise<void>,
  ): Promise<number | undefined> {
    const { database } = this.#options;
    const lease = { name: 'spool-drain', holdMs: 20_000, holder: this.#holder };
    const outcome = await withLease(database, lease, async (lost) => {
      for (let drained = 0; ; ) {
        this.#mayHold = this.#entering;
        const page = await this.#store.first(PAGE_EVENTS).catch((error) => {
          this.#mayHold = true;
          throw error;
        });
        if (page.length === 0) return drained;
        this.#mayHold = true;
        await carry(page);
        lost.throwIfAborted();
        await this.#store.leave(page);
        drained += page.length;
      }
    });
    return outcome.held ? outcome.result : undefined;
  }

  async #enterAll(): Promise<void> {
    this.#entering = true;
    while (this.#waiting.length > 0) await this.#enter(this.#takeGroup());
    this.#entering = false;
  }

  async #enter(group: readonly Waiting[]): Promise<void> {
    try {
      const entered = await this.#store.enter(group, this.#options.maxBytes);
      if (entered) for (const { done } of group) done.resolve();
      else await this.#splitOrRefuse(group);
    } catch (error) {
      for (const { done } of group) done.reject(error);
    } finally {
      for (const { texts } of group) {
        this.#waitingChars -= texts.reduce((sum, text) => sum + text.length, 0);
      }
    }
  }

  /** A group may be too large where its first members still fit. */
  async #splitOrRefuse(group: readonly Waiting[]): Promise<void> {
    const fits = async (one: Waiting) =>
      group.length > 1 && (await this.#store.enter([one], this.#options.maxBytes));
    for (const one of group) {
      if (await fits(one)) one.done.resolve();
      else one.done.reject(full(`It may hold ${this.#options.maxBytes} bytes.`));
    }
  }

  #takeGroup(): Waiting[] {
    let events = 0;
    let count = 0;
    for (const one of this.#waiting) {
      events += one.events.length;
      if (count > 0 && events > MAX_GROUP_EVENTS) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

function full(why: string): SpoolFull {
  return new SpoolFull(`The spool has no room. ${why} See why the outbox and the bus are away.`, {
    retryAfterSeconds: 30,
  });
}
