import { randomUUID } from 'node:crypto';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import { LEDGER_COUNTS } from '#schemas/tables.ts';
import { withDeadline } from '../deadline.ts';
import { type AcceptanceMeasure, type Count, Tally } from './tally.ts';

export interface AcceptanceCountsOptions {
  readonly warehouse: Warehouse;
  readonly onError: (message: string, error: unknown) => void;
  /** What `kill -9` may lose of the counts, never of the events. Default 5,000 ms. */
  readonly flushMs?: number;
  /** Most counts kept in memory, for a warehouse that is away. Default 50,000. */
  readonly maxEntries?: number;
  /** Milliseconds that only go forward. */
  readonly clock?: () => number;
}

/** Longer than an acceptance can take, so that a count is not begun anew for a late one. */
const FORGET_AFTER_MS = 300_000;
const ROWS_PER_APPEND = 2_000;
const LAST_WRITE_MS = 2_000;

/**
 * What this process answered: requests and events accepted, by tenant and minute of receipt. Counted at
 * the moment of the answer and not from what is stored, so that the loss ledger can compare the two.
 * Counting is a few operations in memory; cumulative counts are written in the background.
 */
export class AcceptanceCounts {
  readonly #options: AcceptanceCountsOptions;
  readonly #tally: Tally;
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;
  #lastWork: Promise<void> = Promise.resolve();
  #recordedAtMs = 0;
  #failing = false;
  #full = false;

  constructor(options: AcceptanceCountsOptions) {
    const { clock = () => performance.now(), flushMs = 5_000, maxEntries = 50_000 } = options;
    this.#options = options;
    this.#clock = clock;
    this.#tally = new Tally({ reporter: randomUUID(), maxEntries });
    this.#timer = setInterval(() => void this.flush(), flushMs).unref();
  }

  /** @param receivedAtMs time of receipt of what is counted, milliseconds since 1970 */
  add(measure: AcceptanceMeasure, tenantId: string, receivedAtMs: number, count: number): void {
    if (count === 0) return;
    const counted = this.#tally.add(measure, tenantId, receivedAtMs, count, this.#clock());
    if (!counted && !this.#full) {
      this.#options.onError(
        'The loss ledger has no room for more counts; events are accepted and show as uncounted.',
        undefined,
      );
    }
    this.#full = !counted;
  }

  /** Writes what has changed. What cannot be written is kept, and part of the next flush. */
  flush(): Promise<void> {
    this.#lastWork = this.#lastWork.then(() => this.#write());
    return this.#lastWork;
  }

  /** Stops the clock and writes all that is left, as far as the warehouse answers. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await withDeadline(this.flush(), LAST_WRITE_MS);
  }

  async #write(): Promise<void> {
    const due = this.#tally.due();
    // Of two rows the later one counts, also when the machine's clock was set back between them.
    this.#recordedAtMs = Math.max(this.#recordedAtMs + 1, Date.now());
    const recordedAt = new Date(this.#recordedAtMs).toISOString();
    try {
      for (let start = 0; start < due.length; start += ROWS_PER_APPEND) {
        const counts = due.slice(start, start + ROWS_PER_APPEND);
        await this.#options.warehouse.append(
          LEDGER_COUNTS.name,
          counts.map((count) => toRow(count, recordedAt)),
        );
        this.#tally.written(counts);
      }
      this.#failing = false;
      this.#tally.forgetUnchangedSince(this.#clock() - FORGET_AFTER_MS);
    } catch (error) {
      if (this.#failing) return;
      this.#failing = true;
      this.#options.onError(
        'Counts of the loss ledger could not be written; they are kept and tried again.',
        error,
      );
    }
  }
}

function toRow({ measure, tenantId, minuteMs, reporter, total }: Count, recordedAt: string): Row {
  return {
    measure,
    tenant_id: tenantId,
    minute: new Date(minuteMs).toISOString(),
    consumer: null,
    reporter,
    total,
    recorded_at: recordedAt,
  };
}
