import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import { GroupCommit } from './group-commit.ts';
import { commitRecord, wholeBytes } from './journal-block.ts';

/** A closed file of the journal, ready to be read into the tables. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
}

export interface JournalOptions {
  readonly dir: string;
  /** Segments up to this one are in the tables already; they are deleted. */
  readonly ingestedThrough: number;
  /** A segment is closed once it is this long, or has so many rows. */
  readonly segmentBytes: number;
  readonly segmentRows: number;
  /** Appends are refused while this much waits to be read into the tables. */
  readonly maxBytes: number;
  /** Called when a segment has been closed. */
  readonly onSealed: () => void;
}

/**
 * On Linux a write itself returns once it is on disk: one trip to the thread pool instead of two.
 * Elsewhere 0, and a sync follows: on macOS only that flushes the disk's own cache.
 */
const SYNCED_WRITES = process.platform === 'linux' ? constants.O_DSYNC : 0;
/** Most text of one write, in characters. */
const MAX_BATCH_CHARS = 8 * 1024 * 1024;
/** Most text that waits for a write; past it, appends are refused instead of filling the memory. */
const MAX_QUEUED_CHARS = 64 * 1024 * 1024;

/**
 * The write-ahead journal in front of DuckDB: appends are durable after one write and one sync,
 * shared by whoever waits. Files are lines of JSON, which DuckDB reads by itself.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #commits: GroupCommit;
  readonly #sealed: Segment[] = [];
  #sealedBytes = 0;
  #file: FileHandle | undefined;
  #number: number;
  #bytes = 0;
  #rows = 0;
  /** True while there may be bytes of a failed block behind the confirmed ones. */
  #torn = false;
  #lastWork: Promise<unknown> = Promise.resolve();

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#number = options.ingestedThrough;
    this.#commits = new GroupCommit(
      (text, rows) => this.#exclusive(() => this.#write(text, rows)),
      { chars: MAX_BATCH_CHARS, rows: options.segmentRows },
    );
  }

  /** Opens the journal, cutting what a crash left half-written. Earlier segments are sealed. */
  static async open(options: JournalOptions): Promise<Journal> {
    await mkdir(options.dir, { recursive: true });
    const journal = new Journal(options);
    for (const number of await segmentNumbers(options.dir)) await journal.#recover(number);
    return journal;
  }

  /** Closed segments that are not in the tables yet, oldest first. */
  get sealed(): readonly Segment[] {
    return this.#sealed;
  }

  /** True when something was appended that is in no closed segment. */
  get hasOpenRows(): boolean {
    return this.#bytes > 0;
  }

  /** Bytes on disk that wait to be read into the tables. */
  get backlogBytes(): number {
    return this.#sealedBytes + this.#bytes;
  }

  /**
   * @param lines whole lines of JSON
   * @param rows how many rows they hold
   * @returns once they are on disk
   * @throws WarehouseUnavailable when they are not, or the backlog is at its bound
   */
  async append(lines: string, rows: number): Promise<void> {
    if (this.backlogBytes > this.#options.maxBytes) {
      throw new WarehouseUnavailable(
        `The journal holds ${this.backlogBytes} bytes that are not in the tables yet, which is its bound. Retry shortly; if it stays so, look in the log for ingest errors.`,
      );
    }
    if (this.#commits.queuedChars > MAX_QUEUED_CHARS) {
      throw new WarehouseUnavailable(
        'More is waiting for the disk than memory may hold. Retry shortly.',
      );
    }
    await this.#commits.add(lines, rows);
  }

  /** Closes the open segment, so that all that is confirmed stands in `sealed`. */
  async seal(): Promise<void> {
    await this.#exclusive(() => this.#sealOpen());
  }

  /** Forgets and deletes segments that are in the tables. */
  async discard(segments: readonly Segment[]): Promise<void> {
    this.#sealed.splice(0, segments.length);
    for (const segment of segments) {
      this.#sealedBytes -= segment.bytes;
      await rm(segment.path, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.seal();
  }

  /** Runs pieces of work one after the other. */
  #exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#lastWork.then(work);
    this.#lastWork = done.catch(() => undefined);
    return done;
  }

  async #write(text: string, rows: number): Promise<void> {
    try {
      this.#file ??= await this.#openNext();
      const block = Buffer.from(text);
      const record = Buffer.from(commitRecord(block));
      const { bytesWritten } = await this.#file.writev([block, record], this.#bytes);
      if (bytesWritten !== block.length + record.length) throw new Error('short write');
      if (SYNCED_WRITES === 0) await this.#file.datasync();
      this.#bytes += bytesWritten;
      this.#rows += rows;
    } catch (cause) {
      await this.#undoWrite();
      throw new WarehouseUnavailable(
        `The journal could not be written (${errorCode(cause)}). Check the free space and the health of the disk that holds the data folder.`,
        { cause },
      );
    }
    const { segmentBytes, segmentRows } = this.#options;
    if (this.#bytes >= segmentBytes || this.#rows >= segmentRows) await this.#sealOpen();
  }

  /** Takes a failed block back, so that what is written later does not stand behind a torn one. */
  async #undoWrite(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    try {
      await file.truncate(this.#bytes);
      await file.datasync();
      this.#torn = false;
    } catch {
      // The next block is written over the torn one at the same offset, or fails in its turn. What
      // a longer torn block leaves behind it is cut when the segment is closed.
      this.#torn = true;
    }
  }

  async #openNext(): Promise<FileHandle> {
    this.#number += 1;
    const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
    const flags = O_CREAT | O_TRUNC | O_WRONLY | SYNCED_WRITES;
    const file = await open(this.#path(this.#number), flags, 0o600);
    await syncFolder(this.#options.dir);
    this.#bytes = 0;
    this.#rows = 0;
    return file;
  }

  async #sealOpen(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    // A block that failed and could not be taken back must not reach the tables.
    if (this.#torn) await file.truncate(this.#bytes);
    this.#torn = false;
    await file.close();
    this.#file = undefined;
    if (this.#bytes > 0) this.#addSealed(this.#number, this.#bytes, this.#rows);
    else await rm(this.#path(this.#number), { force: true });
    this.#bytes = 0;
  }

  #addSealed(number: number, bytes: number, rows: number): void {
    this.#sealed.push({ number, path: this.#path(number), bytes, rows });
    this.#sealedBytes += bytes;
    this.#options.onSealed();
  }

  async #recover(number: number): Promise<void> {
    const path = this.#path(number);
    if (number <= this.#options.ingestedThrough) {
      await rm(path, { force: true });
      return;
    }
    const content = await readFile(path);
    const whole = wholeBytes(content);
    if (whole < content.length) {
      await writeFile(`${path}.torn`, content.subarray(whole), { mode: 0o600 });
      const file = await open(path, 'r+');
      await file.truncate(whole);
      await file.datasync();
      await file.close();
    }
    this.#number = Math.max(this.#number, number);
    // Nobody counted its rows: it is taken for full.
    if (whole > 0) this.#addSealed(number, whole, this.#options.segmentRows);
    else await rm(path, { force: true });
  }

  #path(number: number): string {
    return join(this.#options.dir, `${String(number).padStart(12, '0')}.ndjson`);
  }
}

async function segmentNumbers(dir: string): Promise<number[]> {
  const names = await readdir(dir);
  return names
    .filter((name) => /^\d{12}\.ndjson$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/** A new file's name is durable only once its folder is. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown reason';
}
