import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Table } from '#schemas/tables.ts';
import type { Row } from '../warehouse.ts';
import { Ingester } from './ingester.ts';
import { Journal } from './journal.ts';
import { encodeLines } from './journal-block.ts';
import type { SharedMemory } from './shared-memory.ts';

export interface JournaledTableOptions {
  readonly instance: DuckDBInstance;
  readonly table: Table;
  readonly dataDir: string;
  readonly segmentBytes: number;
  readonly maxJournalBytes: number;
  readonly maxLineBytes: number;
  /** Longest time a row waits in the journal before it is read into the table, when nobody asks. */
  readonly ingestDelayMs: number;
  /** Of all that takes much of DuckDB's memory, over all tables. */
  readonly memory: SharedMemory;
  /** Told of background failures; they are tried again. */
  readonly onError: (message: string, error: unknown) => void;
}

const RETRY_DELAY_MS = 2_000;
/** Rows of one file of the journal: however little they take there, DuckDB takes 100 bytes for each. */
const SEGMENT_ROWS = 20_000;

/** What one file of the journal takes of an append. */
interface Part {
  readonly lines: string;
  readonly rows: number;
}

/** Where a table's journal lies. */
export function journalDir(dataDir: string, table: string): string {
  return join(dataDir, 'journal', table);
}

/** One table: a journal that makes appends durable, and a background reader into DuckDB. */
export class JournaledTable {
  readonly #options: JournaledTableOptions;
  readonly #connection: DuckDBConnection;
  readonly #journal: Journal;
  readonly #ingester: Ingester;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    options: JournaledTableOptions,
    connection: DuckDBConnection,
    journal: Journal,
  ) {
    const { table, maxLineBytes, memory } = options;
    this.#options = options;
    this.#connection = connection;
    this.#journal = journal;
    this.#ingester = new Ingester({ connection, table, journal, maxLineBytes, memory });
  }

  static async open(options: JournaledTableOptions): Promise<JournaledTable> {
    const connection = await options.instance.connect();
    const reader = await connection.runAndReadAll(
      'SELECT last_segment FROM ingested_segments WHERE table_name = $1',
      [options.table.name],
    );
    let opened: JournaledTable | undefined;
    const journal = await Journal.open({
      dir: journalDir(options.dataDir, options.table.name),
      ingestedThrough: Number(reader.getRows()[0]?.[0] ?? 0),
      segmentBytes: options.segmentBytes,
      segmentRows: SEGMENT_ROWS,
      maxBytes: options.maxJournalBytes,
      onSealed: () => opened?.ingestInBackground(),
    });
    opened = new JournaledTable(options, connection, journal);
    opened.#schedule(0);
    return opened;
  }

  // The rows are garbage once they are lines: no frame that waits for the disk holds them.
  async append(rows: readonly Row[]): Promise<void> {
    const { table, maxLineBytes } = this.#options;
    const parts: Part[] = [];
    for (let start = 0; start < rows.length; start += SEGMENT_ROWS) {
      const some = rows.slice(start, start + SEGMENT_ROWS);
      parts.push({ lines: encodeLines(table, some, maxLineBytes), rows: some.length });
    }
    return this.#appendParts(parts);
  }

  async #appendParts(parts: readonly Part[]): Promise<void> {
    for (const { lines, rows } of parts) await this.#journal.append(lines, rows);
    this.#schedule(this.#options.ingestDelayMs);
  }

  /** Returns once everything appended so far can be queried. */
  async settle(): Promise<void> {
    if (this.#journal.backlogBytes === 0) return;
    if (this.#journal.hasOpenRows) await this.#journal.seal();
    await this.#ingester.drain();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#journal.close();
    // What cannot be read in now stays in the journal for the next start.
    await this.#ingester.drain().catch((error) => this.#report(error));
    this.#connection.closeSync();
  }

  ingestInBackground(): void {
    this.#ingester.drain().catch((error) => {
      this.#report(error);
      this.#schedule(RETRY_DELAY_MS);
    });
  }

  #schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.settle().catch((error) => {
        this.#report(error);
        this.#schedule(RETRY_DELAY_MS);
      });
    }, delayMs).unref();
  }

  #report(error: unknown): void {
    this.#options.onError(
      `Journal segments could not be read into ${this.#options.table.name}; they stay on disk and are tried again.`,
      error,
    );
  }
}
