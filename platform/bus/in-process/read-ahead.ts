import type { Cursor } from './cursor.ts';
import type { Batch } from './group-writer.ts';
import type { StoredMessage } from './log-record.ts';
import type { OrderedQueue } from './ordering.ts';
import { type ReadableLog, SegmentReader } from './segment-reader.ts';
import type { Segment } from './segments.ts';

/** Messages that may be ready for delivery at once. */
const READY_MESSAGES = 1_000;
/** Messages in memory, with those that wait behind another one of their key. */
const HELD_MESSAGES = 10_000;
/** Bytes in memory, exceeded by at most one message. */
const HELD_BYTES = 16 * 1024 * 1024;

/** A message on its way to a subscription. */
export interface Pending {
  readonly position: number;
  readonly stored: StoredMessage;
  failedAttempts: number;
}

/**
 * Brings a subscription's next messages into memory: straight from the publisher while it keeps up,
 * from the log's files when it lags. What it holds is bounded: 1,000 messages ready for delivery,
 * and 10,000 or 16 MiB with those that wait for their key. A key that keeps failing while that
 * many messages pile up behind it therefore stalls its subscription until it settles.
 */
export class ReadAhead {
  readonly #log: ReadableLog;
  readonly #cursor: Cursor;
  readonly #queue: OrderedQueue<Pending>;
  readonly #reader: SegmentReader;
  #held = 0;
  #heldBytes = 0;
  #reading = false;
  #closed = false;

  constructor(log: ReadableLog, cursor: Cursor, queue: OrderedQueue<Pending>) {
    this.#log = log;
    this.#cursor = cursor;
    this.#queue = queue;
    cursor.rewind();
    this.#reader = new SegmentReader(log, cursor.low);
  }

  /** Whether `fill` should be called: half of what was ready is used up, and there is more. */
  get wanting(): boolean {
    return (
      !this.#reading && this.#queue.readySize < READY_MESSAGES / 2 && this.#hasRoom && this.#lagging
    );
  }

  /** Takes what was just written, if the subscription has come that far and has room. */
  offer(batch: Batch, segment: Segment, offset: number): void {
    if (this.#reading || this.#reader.position !== batch.base) return;
    let taken = 0;
    let place = offset;
    for (const stored of batch.messages) {
      if (!this.#hasRoom) break;
      this.#add(batch.base + taken, stored);
      taken += 1;
      place += stored.bytes;
    }
    if (taken > 0) this.#reader.jump(segment, place, batch.base + taken);
  }

  /**
   * Reads from the files until enough is ready, all is read or there is no room.
   *
   * @param onChunk called after each chunk
   */
  async fill(onChunk: () => void): Promise<void> {
    this.#reading = true;
    try {
      while (this.#hasRoom && this.#lagging) {
        await this.#reader.read(this.#cursor.low, (position, stored) => {
          // The cursor may already serve the next reader.
          if (this.#closed) return false;
          this.#add(position, stored);
          return this.#hasRoom;
        });
        onChunk();
      }
    } finally {
      this.#reading = false;
    }
  }

  /** Frees the room of a message that is settled. */
  release(pending: Pending): void {
    this.#held -= 1;
    this.#heldBytes -= pending.stored.bytes;
  }

  /** Lets `fill` return soon and takes in no more. */
  close(): void {
    this.#closed = true;
  }

  get #lagging(): boolean {
    return this.#reader.position < this.#log.end;
  }

  get #hasRoom(): boolean {
    return (
      !this.#closed &&
      this.#queue.readySize < READY_MESSAGES &&
      this.#held < HELD_MESSAGES &&
      this.#heldBytes < HELD_BYTES
    );
  }

  #add(position: number, stored: StoredMessage): void {
    const failedAttempts = this.#cursor.admit(position);
    if (failedAttempts === undefined) return;
    this.#held += 1;
    this.#heldBytes += stored.bytes;
    this.#queue.add({ position, stored, failedAttempts });
  }
}
