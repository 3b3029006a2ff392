import { type FileHandle, open, unlink } from 'node:fs/promises';
import { BusUnavailable } from '#schemas/problems.ts';
import type { BusMessage } from '../bus.ts';
import { writeFully } from './files.ts';
import { type Batch, GroupWriter } from './group-writer.ts';
import { LogSync } from './log-sync.ts';
import type { ReadableLog } from './segment-reader.ts';
import { type FoundSegments, findSegments, type Segment, segmentPath } from './segments.ts';

/** Bytes that may wait for the disk; beyond them it is slower than the publishers. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export interface TopicLogOptions {
  readonly folder: string;
  readonly maxLogBytes: number;
  /** A segment takes no further batch once it is this long. */
  readonly segmentBytes: number;
  readonly syncIntervalMs: number;
  /** Positions below it are taken, even where the log no longer holds them. */
  readonly next: number;
  readonly warn: (text: string) => void;
}

/** Called when a batch is written: where it stands, for readers that wait at the end of the log. */
export type OnWritten = (batch: Batch, segment: Segment, offset: number) => void;

/** The messages of one topic, in segment files, up to a limit. */
export class TopicLog implements ReadableLog {
  readonly #options: TopicLogOptions;
  readonly #onWritten: OnWritten;
  readonly #segments: Segment[];
  readonly #writer: GroupWriter;
  readonly #sync: LogSync;
  #active: { readonly segment: Segment; readonly handle: FileHandle } | undefined;
  /** The active segment takes no further batch. */
  #sealed = false;
  #end: number;
  #bytes: number;

  private constructor(options: TopicLogOptions, found: FoundSegments, onWritten: OnWritten) {
    const { segments, next } = found;
    this.#options = options;
    this.#onWritten = onWritten;
    this.#segments = segments;
    this.#bytes = segments.reduce((sum, { size }) => sum + size, 0);
    this.#end = Math.max(options.next, next);
    this.#writer = new GroupWriter(this.#end, (batch) => this.#write(batch));
    this.#sync = new LogSync(options.folder, options.syncIntervalMs, options.warn);
  }

  /** Opens the log in an existing folder. */
  static async open(options: TopicLogOptions, onWritten: OnWritten): Promise<TopicLog> {
    return new TopicLog(options, await findSegments(options.folder, options.warn), onWritten);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get end(): number {
    return this.#end;
  }

  /** Position of the message that is published next; behind `end` some wait to be written. */
  get next(): number {
    return this.#writer.next;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#bytes;
  }

  warn(text: string): void {
    this.#options.warn(text);
  }

  /**
   * @returns a promise that resolves once the messages are written, which survives the end of the
   *   process; undefined when there is no room for them
   */
  append(messages: readonly BusMessage[], publishedAtMs: number): Promise<void> | undefined {
    const { queuedBytes } = this.#writer;
    const room = this.#options.maxLogBytes - this.#bytes - queuedBytes;
    const queueRoom = MAX_QUEUED_BYTES - queuedBytes;
    return this.#writer.add(messages, publishedAtMs, Math.min(room, queueRoom));
  }

  /** Makes room: as `trim`, and the segment being written goes too when it is confirmed whole. */
  reclaim(low: number): void {
    if (low >= this.next) this.#retireActive();
    this.trim(low);
  }

  /** Deletes the segments whose messages all stand before `low`. */
  trim(low: number): void {
    for (let [first, second] = this.#segments; first; [first, second] = this.#segments) {
      const confirmed = second ? second.base <= low : low >= first.end && !this.#active;
      if (!confirmed) return;
      this.#segments.shift();
      this.#bytes -= first.size;
      const { path } = first;
      unlink(path).catch((error: Error) => this.warn(`${path} stays behind: ${error.message}`));
    }
  }

  seal(): void {
    this.#sealed = true;
  }

  /** Returns once everything written would survive the loss of power. */
  sync(): Promise<void> {
    return this.#sync.now();
  }

  /** Writes and syncs what is queued. */
  async close(): Promise<void> {
    await this.#writer.idle();
    this.#retireActive();
    await this.#sync.close();
  }

  async #write(batch: Batch): Promise<void> {
    const { segment, handle } = await this.#segmentFor(batch);
    const offset = segment.size;
    await this.#writeAt(handle, batch.records.view(), offset);
    segment.size += batch.records.length;
    segment.end = batch.base + batch.messages.length;
    this.#bytes += batch.records.length;
    this.#end = segment.end;
    this.#sync.written(handle);
    this.#onWritten(batch, segment, offset);
  }

  async #segmentFor(batch: Batch) {
    const active = this.#active;
    // After a failed write the positions in the segment no longer follow on each other.
    const follows = active && !this.#sealed && active.segment.end === batch.base;
    if (follows && active.segment.size < this.#options.segmentBytes) return active;
    const path = segmentPath(this.#options.folder, batch.base);
    const handle = await open(path, 'w').catch((error) => this.#refuse(error));
    this.#retireActive();
    this.#sync.created(handle);
    const segment: Segment = { path, base: batch.base, end: batch.base, size: 0 };
    this.#segments.push(segment);
    this.#active = { segment, handle };
    return this.#active;
  }

  async #writeAt(handle: FileHandle, bytes: Buffer, offset: number): Promise<void> {
    try {
      await writeFully(handle, bytes, offset);
    } catch (error) {
      // A part that was written must not stand before what a later write puts there.
      await handle.truncate(offset).catch(() => this.seal());
      this.#refuse(error);
    }
  }

  #refuse(cause: unknown): never {
    throw new BusUnavailable(
      `The log in ${this.#options.folder} could not be written. Check the disk, then publish again.`,
      { cause },
    );
  }

  #retireActive(): void {
    if (this.#active) this.#sync.retire(this.#active.handle);
    this.#active = undefined;
    this.#sealed = false;
  }
}
