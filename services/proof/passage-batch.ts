import type { Row } from '#platform/warehouse/warehouse.ts';

export interface PassageBatcherOptions {
  /** Makes rows durable; called for one batch at a time. */
  readonly append: (rows: readonly Row[]) => Promise<void>;
  /** Longest time a row waits for others, when nothing is being appended. */
  readonly maxWaitMs: number;
  /** A batch is full with so many rows, */
  readonly maxRows: number;
  /** or with so many characters of message. */
  readonly maxChars: number;
}

interface Batch {
  readonly rows: Row[];
  chars: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Gathers rows of single messages into appends. It never hurries: a batch goes when it is full or has
 * waited its time, so that a busy process writes few large appends, and an idle one small ones soon.
 */
export class PassageBatcher {
  readonly #options: PassageBatcherOptions;
  #gathering: Batch | undefined;
  readonly #full: Batch[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #hurrying = false;

  constructor(options: PassageBatcherOptions) {
    this.#options = options;
  }

  /** @returns once the row is appended; rejects with the error of its batch */
  add(row: Row, chars: number): Promise<void> {
    const batch = this.#gathering ?? this.#begin();
    batch.rows.push(row);
    batch.chars += chars;
    const { maxRows, maxChars } = this.#options;
    if (this.#hurrying || batch.rows.length >= maxRows || batch.chars >= maxChars) this.#close();
    return batch.done.promise;
  }

  /** Appends what has been gathered, and from now on every row at once. */
  hurry(): void {
    this.#hurrying = true;
    this.#close();
  }

  #begin(): Batch {
    const batch = { rows: [], chars: 0, done: Promise.withResolvers<void>() };
    this.#gathering = batch;
    this.#timer = setTimeout(() => this.#close(), this.#options.maxWaitMs);
    return batch;
  }

  #close(): void {
    clearTimeout(this.#timer);
    const batch = this.#gathering;
    if (!batch) return;
    this.#gathering = undefined;
    this.#full.push(batch);
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let batch = this.#full.shift(); batch; batch = this.#full.shift()) {
      await this.#options.append(batch.rows).then(batch.done.resolve, batch.done.reject);
    }
    this.#running = false;
  }
}
