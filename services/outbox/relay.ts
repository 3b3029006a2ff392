import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { EventMessage } from './event-message.ts';
import { type OutboxRow, rowToEvent } from './event-row.ts';
import type { PublishProgress } from './publish-progress.ts';

export interface RelayOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly database: Database;
  readonly progress: PublishProgress;
  /** How often the watermark is moved while there is traffic. Default 1,000 ms. */
  readonly intervalMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

const WATERMARK = 'integration-events';
const PAGE_ROWS = 1_000;
const BEGINNING = '1970-01-01T00:00:00.000Z';

/**
 * The outbox is the safety net of the bus: what the outbox holds and the bus may not is published
 * again. At start that is everything since the watermark of the last run; while running, everything
 * since the oldest failed publish. Repetitions are expected: consumers keep a ledger.
 */
export class Relay {
  readonly #options: RelayOptions;
  #timer: NodeJS.Timeout | undefined;
  #saved: string | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * Reads the watermark of the last run.
   *
   * @returns RFC 3339, or undefined on the very first start
   */
  async watermark(): Promise<string | undefined> {
    const rows = await this.#options.database.query<{ published_through: Date }>(
      'SELECT published_through FROM relay_watermarks WHERE name = $1',
      [WATERMARK],
    );
    return rows[0]?.published_through.toISOString();
  }

  /** Carries again what the last run may have left, then keeps the watermark moving. */
  async start(): Promise<{ republished: number }> {
    // Without a watermark the first run ended before it had one: all there is may be missing.
    const republished = await this.#republish((await this.watermark()) ?? BEGINNING);
    await this.#options.bus.sync();
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#tick());
    }, this.#options.intervalMs ?? 1_000).unref();
    return { republished };
  }

  /** Stops the clock and saves the watermark a last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#round = this.#round.then(() => this.#tick());
    await this.#round;
  }

  async #tick(): Promise<void> {
    try {
      const { progress } = this.#options;
      await progress.heal((from) => this.#republish(from));
      const through = progress.publishedThrough;
      if (through === undefined || through === this.#saved) return;
      // First the bus, then the watermark: it must never stand before what the bus holds for sure.
      await this.#options.bus.sync();
      await this.#options.database.query(
        `INSERT INTO relay_watermarks (name, published_through) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE
         SET published_through = EXCLUDED.published_through, updated_at = now()`,
        [WATERMARK, through],
      );
      this.#saved = through;
    } catch (error) {
      this.#options.onError('The relay could not finish a round; the next one tries again.', error);
    }
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
      await bus.publish(
        EVENTS_TOPIC,
        rows.map((row) => new EventMessage(rowToEvent(row))),
      );
      republished += rows.length;
      if (rows.length < PAGE_ROWS) return republished;
      position = { after_received_at: last.received_at, after_event_id: last.event_id };
    }
  }
}
