import type { Bus } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { withDeadline } from '../deadline.ts';
import { type OutboxRow, rowToEvent } from './event-row.ts';
import { publishEvents } from './publish-events.ts';
import type { PublishProgress } from './publish-progress.ts';
import type { Watermarks } from './watermarks.ts';

export interface RelayOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly watermarks: Watermarks;
  readonly progress: PublishProgress;
  /** How often the watermark is moved while there is traffic. Default 1,000 ms. */
  readonly intervalMs?: number;
  /** How often a living process is heard of, and looks for those that are gone. Default 20,000 ms. */
  readonly beatMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

const PAGE_ROWS = 1_000;
const LAST_ROUND_MS = 2_000;

/**
 * The outbox is the safety net of the bus: what the outbox holds and the bus may not is published
 * again. That is everything since the watermark of a process that is gone, and, while running,
 * everything since the oldest failed publish. Repetitions are expected: consumers keep a ledger.
 */
export class Relay {
  readonly #options: RelayOptions;
  #timer: NodeJS.Timeout | undefined;
  #saved: string | undefined;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #round: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * Carries again what gone processes may have left, then keeps the watermark moving. Call it before
   * anything is accepted.
   */
  async start(): Promise<{ republished: number }> {
    const { bus, watermarks, intervalMs = 1_000 } = this.#options;
    await watermarks.open();
    // Where others live, one of them does it while running: a start must not need the outbox.
    const republished = watermarks.exclusive ? await this.#takeOver() : 0;
    await bus.sync();
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#tick());
    }, intervalMs).unref();
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

  async #tick(): Promise<void> {
    try {
      await this.#options.progress.heal((from) => this.#republish(from));
      await this.#save();
      await this.#beat();
    } catch (error) {
      this.#options.onError('The relay could not finish a round; the next one tries again.', error);
    }
  }

  async #save(): Promise<void> {
    const { bus, progress, watermarks } = this.#options;
    const through = progress.publishedThrough;
    if (through === undefined || through === this.#saved) return;
    // First the bus, then the watermark: it must never stand before what the bus holds for sure.
    await bus.sync();
    await watermarks.save(through);
    this.#saved = through;
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

  async #republish(from: string): Promise<number> {
    const { bus, warehouse } = this.#options;
    let position = { after_received_at: from, after_event_id: '' };
    let republished = 0;
    for (;;) {
      const rows = await warehouse.query<OutboxRow>('outbox-since', {
        ...position,
        row_limit: PAGE_ROWS,
      });
      const last = rows.at(-1);
      if (!last) return republished;
      await publishEvents(bus, inOrder(rows.map(rowToEvent)), { carried_again: 'relay' });
      republished += rows.length;
      if (rows.length < PAGE_ROWS) return republished;
      position = { after_received_at: last.received_at, after_event_id: last.event_id };
    }
  }
}

/**
 * Events of one request are received at one time, and the outbox gives those in the order of their
 * ids: changes of one entity go in the order in which they happened.
 */
function inOrder(events: CanonicalEvent[]): CanonicalEvent[] {
  return events.sort(
    (a, b) =>
      compare(a.received_at, b.received_at) ||
      compare(a.occurred_at, b.occurred_at) ||
      compare(a.event_id, b.event_id),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
