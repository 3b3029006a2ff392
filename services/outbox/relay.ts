import type { Bus } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { BusUnavailable } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { withDeadline } from '../deadline.ts';
import type { Spool } from '../spool/spool.ts';
import type { SpooledEvent } from '../spool/spool-store.ts';
import { CarryAgain } from './carry-again.ts';
import { eventToRow } from './event-row.ts';
import { readOutbox } from './outbox-reader.ts';
import { publishEvents } from './publish-events.ts';
import type { PublishGate } from './publish-gate.ts';
import type { PublishProgress } from './publish-progress.ts';
import type { Watermarks } from './watermarks.ts';

export interface RelayOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly watermarks: Watermarks;
  readonly progress: PublishProgress;
  readonly gate: PublishGate;
  readonly spool: Pick<Spool, 'mayHold' | 'usage' | 'look' | 'drain'>;
  /** How often the watermark is moved while there is traffic. Default 1,000 ms. */
  readonly intervalMs?: number;
  /** How often a living process is heard of, and looks for those that are gone. Default 20,000 ms. */
  readonly beatMs?: number;
  /** How old what is in the spool must be before it is taken for left there. Default 60,000 ms. */
  readonly freshMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

const LAST_ROUND_MS = 2_000;

/**
 * The outbox is the safety net of the bus: what the outbox holds and the bus may not is published
 * again. That is everything since the watermark of a process that is gone, and, while running,
 * everything since the oldest failed publish, with what waited in the spool. Only then may newer
 * events pass directly again. Repetitions are expected: consumers keep a ledger.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #again: CarryAgain;
  #timer: NodeJS.Timeout | undefined;
  #saved: { readonly through: string; readonly behind: boolean } | undefined;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #round: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#again = new CarryAgain(options.bus);
  }

  /**
   * Carries again what gone processes may have left, then keeps the watermark moving. Call it before
   * anything is accepted.
   */
  async start(): Promise<{ republished: number }> {
    const { bus, gate, watermarks, intervalMs = 1_000 } = this.#options;
    await watermarks.open();
    await this.#joinWaiting();
    // At once, so that a process that starts now knows; what fails here the next round does.
    gate.watch(() => void this.#inTurn(() => this.#save()).catch(() => undefined));
    // Where others live, one of them does it while running: a start must not need the outbox.
    const republished = watermarks.exclusive ? await this.#takeOver() : 0;
    await bus.sync();
    this.#timer = setInterval(() => void this.#inTurn(() => this.#tick()), intervalMs).unref();
    return { republished };
  }

  /**
   * Stops the clock and saves the watermark a last time. What is still to be carried then stays for
   * the next run, or for another process: a store that is away must not hold up the end.
   */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await withDeadline(this.#round, LAST_ROUND_MS);
    const { watermarks, progress, onError } = this.#options;
    await this.#save()
      .then(() => watermarks.close(progress.complete))
      .catch((error) =>
        onError('The watermark could not be closed; another run sees to it.', error),
      );
  }

  /**
   * Carries what waits: first the spool goes to the outbox, then what the outbox has and the bus may not
   * is published in the order of receipt. Then newer events may pass again.
   */
  heal(): Promise<void> {
    return this.#inTurn(() => this.#heal());
  }

  /**
   * The same for what processes that are gone have left in the spool. One that lives carries what it put
   * there by itself: two at it would each publish their share, in no order.
   *
   * @returns events that waited there and were not left to another process
   */
  async drainSpool(): Promise<number> {
    const { freshMs = 60_000, spool, watermarks } = this.#options;
    const { oldestReceivedAt } = await spool.usage();
    // A process that has just put something there may not have said yet that it holds events back.
    const isFresh = Date.now() - Date.parse(oldestReceivedAt ?? '') < freshMs;
    if (oldestReceivedAt === undefined || isFresh) return 0;
    if ((await watermarks.behind())?.lives) return 0;
    const waiting = await this.#joinWaiting();
    await this.heal();
    return waiting;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#round.then(work);
    this.#round = turn.catch(() => undefined);
    return turn;
  }

  async #heal(): Promise<void> {
    const { gate, spool, progress } = this.#options;
    const spooled = spool.mayHold || progress.spooledSince !== undefined;
    if (gate.isOpen && !spooled && !progress.missing) return;
    await this.#carryWaiting();
    await gate.open(() => this.#carryWaiting());
  }

  async #carryWaiting(): Promise<void> {
    const { progress, spool } = this.#options;
    // What was spooled and drained within one round is known to `progress` alone.
    if (spool.mayHold || progress.spooledSince !== undefined) await this.#emptySpool();
    await progress.heal((from, reached) => this.#republish(from, reached));
  }

  async #emptySpool(): Promise<void> {
    const { progress, spool } = this.#options;
    const since = progress.takeSpooledSince();
    let pastOutbox = false;
    try {
      await spool.drain(async (page) => {
        pastOutbox = (await this.#carrySpooled(page)) || pastOutbox;
      });
      if (spool.mayHold) throw new BusUnavailable('Spooled events are still to be carried first.');
    } catch (error) {
      if (since !== undefined) progress.spooled(since);
      throw error;
    }
    // Also where another process took them out: it may not have published them yet.
    if (since !== undefined && !pastOutbox) progress.miss(since);
  }

  /** @returns true when they went to the bus alone */
  async #carrySpooled(page: readonly SpooledEvent[]): Promise<boolean> {
    const { bus, progress, warehouse } = this.#options;
    const events = page.map(({ event }) => event);
    try {
      await warehouse.append(OUTBOX.name, events.map(eventToRow));
    } catch (error) {
      // Without the outbox, the bus alone will do: unless the outbox has what must go first.
      const mustWait = progress.missing || page.some(({ afterOutbox }) => afterOutbox);
      if (!bus.durable || mustWait) throw error;
      await publishEvents(bus, events, { carried_again: 'spool' });
      return true;
    }
    progress.miss(events.map(({ received_at }) => received_at).sort()[0] ?? '');
    // Before they leave the spool: if this process ends now, another one must find them.
    await this.#save();
    return false;
  }

  /**
   * What others hold back, or left in the spool, is not overtaken by what this process takes.
   *
   * @returns events in the spool
   */
  async #joinWaiting(): Promise<number> {
    const { gate, progress, spool, watermarks } = this.#options;
    const [behind, spooled] = await Promise.all([watermarks.behind(), spool.look()]);
    for (const since of [behind?.from, spooled.oldestReceivedAt]) {
      if (since === undefined) continue;
      progress.miss(since);
      gate.close();
    }
    return spooled.events;
  }

  async #tick(): Promise<void> {
    try {
      await this.#heal();
      await this.#save();
      await this.#beat();
    } catch (error) {
      this.#options.onError('The relay could not finish a round; the next one tries again.', error);
    }
  }

  async #save(): Promise<void> {
    const { bus, gate, progress, watermarks } = this.#options;
    const through = progress.publishedThrough;
    const behind = !gate.isOpen;
    if (through === undefined) return;
    if (through === this.#saved?.through && behind === this.#saved.behind) return;
    // First the bus, then the watermark: it must never stand before what the bus holds for sure.
    await bus.sync();
    await watermarks.save(through, behind);
    this.#saved = { through, behind };
  }

  async #beat(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#heardAtMs < (this.#options.beatMs ?? 20_000)) return;
    this.#heardAtMs = nowMs;
    await this.#options.watermarks.beat();
    await this.#takeOver();
  }

  async #takeOver(): Promise<number> {
    const { watermarks } = this.#options;
    const abandoned = await watermarks.claim();
    const from = abandoned.map((one) => one.from).sort()[0];
    if (from === undefined) return 0;
    const republished = await this.#republish(from);
    await watermarks.forget(abandoned);
    return republished;
  }

  /** What was spooled while the outbox was read must go to it first. */
  #assertNothingSpooled(through: string): void {
    const since = this.#options.progress.spooledSince;
    if (since === undefined || since > through) return;
    throw new BusUnavailable('Events were spooled meanwhile, which must be carried first.');
  }

  /** @param reached told up to which time of receipt the bus has confirmed all */
  #republish(from: string, reached = (_through: string) => {}): Promise<number> {
    const rows = readOutbox(this.#options.warehouse, { from });
    return this.#again.carry(rows, (through) => this.#assertNothingSpooled(through), reached);
  }
}
