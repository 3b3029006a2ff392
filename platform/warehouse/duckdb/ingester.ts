import type { DuckDBConnection } from '@duckdb/node-api';
import type { Table } from '#schemas/tables.ts';
import { ingestStatement } from './ddl.ts';
import type { Journal, Segment } from './journal.ts';
import type { SharedMemory } from './shared-memory.ts';

/** Most bytes of journal read in one transaction, and most rows; bounds what DuckDB holds in memory. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_TRANSACTION_ROWS = 50_000;

export interface IngesterOptions {
  readonly connection: DuckDBConnection;
  readonly table: Table;
  readonly journal: Journal;
  readonly maxLineBytes: number;
  /** Of all that takes much of DuckDB's memory. */
  readonly memory: SharedMemory;
}

/**
 * Reads closed journal segments into a table, each exactly once: rows and the segment's number are
 * committed together, so a crash before the commit repeats it and one after it does not.
 */
export class Ingester {
  readonly #options: IngesterOptions;
  #running: Promise<void> | undefined;

  constructor(options: IngesterOptions) {
    this.#options = options;
  }

  /** Returns once every segment that is closed now is in the table. */
  async drain(): Promise<void> {
    // A run under way may have passed the segments closed last: it ends, then one more runs.
    await this.#running;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #run(): Promise<void> {
    const { journal } = this.#options;
    while (journal.sealed.length > 0) {
      const segments = nextBatch(journal.sealed);
      await this.#options.memory.take(() => this.#ingest(segments));
      await journal.discard(segments);
    }
  }

  async #ingest(segments: readonly Segment[]): Promise<void> {
    const { connection, table, maxLineBytes } = this.#options;
    const paths = segments.map((segment) => segment.path);
    const last = segments.at(-1)?.number ?? 0;
    await connection.run('BEGIN TRANSACTION');
    try {
      await connection.run(ingestStatement(table, paths, maxLineBytes));
      await connection.run(
        'INSERT OR REPLACE INTO ingested_segments (table_name, last_segment) VALUES ($1, $2)',
        [table.name, BigInt(last)],
      );
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }
}

function nextBatch(sealed: readonly Segment[]): Segment[] {
  const batch: Segment[] = [];
  let bytes = 0;
  let rows = 0;
  for (const segment of sealed) {
    bytes += segment.bytes;
    rows += segment.rows;
    const isFull = bytes > MAX_TRANSACTION_BYTES || rows > MAX_TRANSACTION_ROWS;
    if (batch.length > 0 && isFull) break;
    batch.push(segment);
  }
  return batch;
}
