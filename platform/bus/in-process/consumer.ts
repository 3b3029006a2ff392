import { redeliveryDelayMs } from '../backoff.ts';
import type { BusMessage, Delivery, DeliveryHandler, Subscription } from '../bus.ts';
import { deadLetterMessage } from '../dead-letter.ts';
import { deliver, type Outcome } from '../lease.ts';
import type { CursorFile } from './cursor-file.ts';
import type { Batch } from './group-writer.ts';
import { OrderedQueue } from './ordering.ts';
import { type Pending, ReadAhead } from './read-ahead.ts';
import type { ReadableLog } from './segment-reader.ts';
import type { Segment } from './segments.ts';
import type { ResolvedOptions } from './subscription-options.ts';

const READ_RETRY_MS = 1_000;

export interface ConsumerParts {
  /** Of the subscription. */
  readonly name: string;
  readonly log: ReadableLog;
  readonly cursorFile: CursorFile;
  readonly handler: DeliveryHandler;
  readonly options: ResolvedOptions;
  /** Longest wait of `close` for handlers under way. */
  readonly closeTimeoutMs: number;
  readonly publish: (topic: string, messages: readonly BusMessage[]) => Promise<void>;
  readonly onClosed: () => void;
}

/** Delivers a durable subscription's messages to one handler. */
export class Consumer implements Subscription {
  readonly #parts: ConsumerParts;
  readonly #queue: OrderedQueue<Pending>;
  readonly #readAhead: ReadAhead;
  /** What aborts each delivery under way. */
  readonly #inFlight = new Map<Pending, () => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #idle = Promise.withResolvers<void>();
  #closed: Promise<void> | undefined;

  constructor(parts: ConsumerParts) {
    this.#parts = parts;
    this.#queue = new OrderedQueue(
      parts.options.ordered ? ({ stored }) => stored.message.orderingKey : () => '',
    );
    this.#readAhead = new ReadAhead(parts.log, parts.cursorFile.cursor, this.#queue);
  }

  /** Starts to deliver. */
  start(): void {
    this.#deliverReady();
  }

  /** Tells of what was just written. */
  onWritten(batch: Batch, segment: Segment, offset: number): void {
    this.#readAhead.offer(batch, segment, offset);
    this.#deliverReady();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #deliverReady(): void {
    if (this.#closed) return;
    while (this.#inFlight.size < this.#parts.options.maxInFlight) {
      const pending = this.#queue.take();
      if (!pending) break;
      this.#deliver(pending);
    }
    if (this.#readAhead.wanting) void this.#readMore();
  }

  #deliver(pending: Pending): void {
    const { handler, options } = this.#parts;
    const { message, publishedAtMs } = pending.stored;
    const delivery: Delivery = {
      data: message.data,
      attributes: message.attributes,
      orderingKey: message.orderingKey,
      messageId: String(pending.position),
      attempt: pending.failedAttempts + 1,
      publishedAtMs,
    };
    const onOutcome = (outcome: Outcome) => this.#onOutcome(pending, outcome);
    this.#inFlight.set(pending, () => {});
    this.#inFlight.set(pending, deliver(handler, delivery, options.leaseMs, onOutcome));
  }

  #onOutcome(pending: Pending, outcome: Outcome): void {
    if (!this.#inFlight.has(pending)) return;
    const { cursorFile, options } = this.#parts;
    if (outcome.settled) {
      this.#settle(pending);
      return;
    }
    pending.failedAttempts = cursorFile.cursor.fail(pending.position);
    cursorFile.changed();
    if (options.deadLetter && pending.failedAttempts >= options.deadLetter.maxAttempts) {
      void this.#moveToDeadLetter(pending, options.deadLetter.topic, outcome.error);
    } else {
      this.#retryLater(pending, () => {
        this.#queue.putBack(pending);
        this.#deliverReady();
      });
    }
  }

  /** The message keeps its place in flight, and its key, until the dead-letter topic has it. */
  async #moveToDeadLetter(pending: Pending, topic: string, error: unknown): Promise<void> {
    const { name, publish } = this.#parts;
    const { message } = pending.stored;
    try {
      await publish(topic, [deadLetterMessage(message, name, pending.failedAttempts, error)]);
      if (this.#inFlight.has(pending)) this.#settle(pending);
    } catch {
      this.#retryLater(pending, () => {
        this.#inFlight.set(pending, () => {});
        void this.#moveToDeadLetter(pending, topic, error);
      });
    }
  }

  #settle(pending: Pending): void {
    const { cursorFile } = this.#parts;
    cursorFile.cursor.settle(pending.position);
    cursorFile.changed();
    this.#queue.settle(pending);
    this.#readAhead.release(pending);
    this.#land(pending);
  }

  #retryLater(pending: Pending, retry: () => void): void {
    if (!this.#closed) {
      this.#after(redeliveryDelayMs(pending.failedAttempts, this.#parts.options.backoff), retry);
    }
    this.#land(pending);
  }

  #land(pending: Pending): void {
    this.#inFlight.delete(pending);
    if (this.#closed && this.#inFlight.size === 0) this.#idle.resolve();
    this.#deliverReady();
  }

  async #readMore(): Promise<void> {
    try {
      await this.#readAhead.fill(() => this.#deliverReady());
    } catch (error) {
      const { log, name } = this.#parts;
      log.warn(`Subscription ${name} could not read its messages, trying again: ${String(error)}`);
      if (!this.#closed) this.#after(READ_RETRY_MS, () => this.#deliverReady());
      return;
    }
    this.#deliverReady();
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs).unref();
    this.#timers.add(timer);
  }

  async #close(): Promise<void> {
    this.#readAhead.close();
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#inFlight.size > 0) {
      const timeout = setTimeout(() => this.#idle.resolve(), this.#parts.closeTimeoutMs);
      await this.#idle.promise;
      clearTimeout(timeout);
    }
    for (const abort of this.#inFlight.values()) abort();
    // From here on the cursor may serve another consumer: late outcomes find nothing in flight.
    this.#inFlight.clear();
    await this.#parts.cursorFile.flush();
    this.#parts.onClosed();
  }
}
