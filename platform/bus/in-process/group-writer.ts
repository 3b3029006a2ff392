import { BusUnavailable } from '#schemas/problems.ts';
import type { BusMessage } from '../bus.ts';
import { RecordBuffer, type StoredMessage } from './log-record.ts';

/** Messages that are written together. */
export interface Batch {
  /** Position of the first message; the others follow without a gap. */
  readonly base: number;
  readonly records: RecordBuffer;
  readonly messages: StoredMessage[];
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Group write: while one write is under way, everything published waits for the next one. The
 * members of a batch share one promise, so that a message costs its encoding and little else.
 */
export class GroupWriter {
  readonly #write: (batch: Batch) => Promise<void>;
  #pending: Batch | undefined;
  #spare: RecordBuffer | undefined;
  #next: number;
  #queuedBytes = 0;
  #running: Promise<void> | undefined;

  /**
   * @param next position of the first message
   * @param write called for one batch at a time, in the order of positions
   */
  constructor(next: number, write: (batch: Batch) => Promise<void>) {
    this.#next = next;
    this.#write = write;
  }

  /** Position of the message that is published next. */
  get next(): number {
    return this.#next;
  }

  /** Bytes taken in and not yet written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * @param roomBytes what their records may take at most
   * @returns a promise that resolves once the messages are written, and rejects when their write or
   *   one before it failed; undefined when they do not fit, and then nothing is taken in
   */
  add(
    messages: readonly BusMessage[],
    publishedAtMs: number,
    roomBytes: number,
  ): Promise<void> | undefined {
    const batch = this.#open();
    const { length } = batch.records;
    const count = batch.messages.length;
    for (const message of messages) {
      const bytes = batch.records.add(message, publishedAtMs);
      batch.messages.push({ message, publishedAtMs, bytes });
      if (batch.records.length - length > roomBytes) {
        batch.records.truncate(length);
        batch.messages.length = count;
        return undefined;
      }
    }
    this.#queuedBytes += batch.records.length - length;
    this.#next += messages.length;
    this.#running ??= this.#run();
    return batch.done.promise;
  }

  /** Returns once nothing is queued. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #open(): Batch {
    if (this.#pending) return this.#pending;
    const records = this.#spare ?? new RecordBuffer();
    this.#spare = undefined;
    this.#pending = { base: this.#next, records, messages: [], done: Promise.withResolvers() };
    return this.#pending;
  }

  async #run(): Promise<void> {
    // What is published in the same turn of the event loop shares the write.
    await new Promise(setImmediate);
    for (let batch = this.#pending; batch; batch = this.#pending) {
      this.#pending = undefined;
      try {
        await this.#write(batch);
        this.#finish(batch);
        batch.done.resolve();
      } catch (error) {
        this.#finish(batch);
        batch.done.reject(error);
        this.#rejectPending(error);
      }
    }
    this.#running = undefined;
  }

  /** Messages behind a failed write fail too: none may overtake an earlier one of its key. */
  #rejectPending(cause: unknown): void {
    const batch = this.#pending;
    if (!batch) return;
    this.#pending = undefined;
    this.#finish(batch);
    batch.done.reject(
      new BusUnavailable('An earlier message could not be written. Publish again.', { cause }),
    );
  }

  #finish(batch: Batch): void {
    this.#queuedBytes -= batch.records.length;
    batch.records.truncate(0);
    this.#spare = batch.records;
  }
}
