import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { DataFolderInUse, InvalidRequest, WarehouseUnavailable } from '#schemas/problems.ts';
import type { CellValue, Row, StreamBounds, Warehouse } from '../warehouse.ts';
import { plainRow } from './result-rows.ts';
import { RowStreams } from './row-stream.ts';
import { applySchema } from './schema.ts';
import { SharedMemory } from './shared-memory.ts';
import { type DuckDbQuery, loadQueries } from './sql-files.ts';
import { Tables } from './tables.ts';

export interface DuckDbOptions {
  /** Holds `warehouse.duckdb` and the journals. One process at a time. */
  readonly dataDir: string;
  /**
   * DuckDB's own memory, for queries and for reading the journal. Default 56 MB; work that does not
   * find enough has four times as much.
   */
  readonly memoryLimitMb?: number;
  /** Size at which a journal file is closed. Default 4 MiB. */
  readonly segmentBytes?: number;
  /** Bound of what waits on disk to be read into the tables. Default 1 GiB for each table. */
  readonly maxJournalBytes?: number;
  /** Longest line of the journal, which bounds the longest row. Default 8 MiB. */
  readonly maxLineBytes?: number;
  /** Default 1,000 ms; queries do not wait for it. */
  readonly ingestDelayMs?: number;
  readonly onError?: (message: string, error: unknown) => void;
}

const MIB = 1024 * 1024;
/** What can be sorted in DuckDB's memory limit. */
const STREAM_BOUNDS: StreamBounds = { rows: 10_000, bytes: 8 * MIB };

/**
 * The embedded warehouse: a DuckDB file with a journal in front, so that an append costs one write
 * and one sync shared with its neighbours instead of a DuckDB transaction.
 * See docs/decisions/0003-journal-in-front-of-duckdb.md.
 *
 * @throws DataFolderInUse when another process has the file open
 */
export async function openDuckDbWarehouse(options: DuckDbOptions): Promise<Warehouse> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const instance = await openInstance(options);
  const connection = await instance.connect();
  await applySchema(connection);
  const memory = new SharedMemory(connection, limitOf(options));
  const tables = await Tables.open({
    instance,
    memory,
    dataDir: options.dataDir,
    segmentBytes: options.segmentBytes ?? 4 * MIB,
    maxJournalBytes: options.maxJournalBytes ?? 1024 * MIB,
    maxLineBytes: options.maxLineBytes ?? 8 * MIB,
    ingestDelayMs: options.ingestDelayMs ?? 1_000,
    onError: options.onError ?? (() => undefined),
  });
  return new DuckDbWarehouse({
    instance,
    connection,
    tables,
    memory,
    queries: await loadQueries(),
  });
}

interface Parts {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly tables: Tables;
  readonly memory: SharedMemory;
  readonly queries: ReadonlyMap<string, DuckDbQuery>;
}

class DuckDbWarehouse implements Warehouse {
  readonly streamBounds = STREAM_BOUNDS;
  readonly #parts: Parts;
  readonly #streams: RowStreams;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#streams = new RowStreams(parts.instance);
  }

  async append(table: string, rows: readonly Row[]): Promise<void> {
    this.#assertOpen();
    return rows.length > 0 ? this.#parts.tables.append(table, rows) : undefined;
  }

  async query<Result extends object>(
    name: string,
    params: Readonly<Record<string, CellValue>> = {},
  ): Promise<Result[]> {
    const query = this.#query(name);
    const { connection, memory, tables } = this.#parts;
    try {
      await tables.settle(query.reads);
      const reader = await memory.take(() => connection.runAndReadAll(query.sql, { ...params }));
      return reader.getRowObjects().map(plainRow) as Result[];
    } catch (cause) {
      throw failed(name, cause);
    }
  }

  async *stream<Result extends object>(
    name: string,
    params: Readonly<Record<string, CellValue>> = {},
  ): AsyncGenerator<Result[]> {
    const query = this.#query(name);
    try {
      await this.#parts.tables.settle(query.reads);
      for await (const rows of this.#streams.rows(query.sql, params)) yield rows as Result[];
    } catch (cause) {
      throw cause instanceof WarehouseUnavailable ? cause : failed(name, cause);
    }
  }

  async check(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#streams.close();
    await this.#parts.tables.close();
    this.#parts.connection.closeSync();
    this.#parts.instance.closeSync();
  }

  #query(name: string): DuckDbQuery {
    const query = this.#parts.queries.get(name);
    if (query === undefined)
      throw new InvalidRequest(`There is no query sql/duckdb/queries/${name}.sql.`);
    this.#assertOpen();
    return query;
  }

  #assertOpen(): void {
    if (this.#closed) throw new WarehouseUnavailable('The warehouse is closed.');
  }
}

function failed(name: string, cause: unknown): WarehouseUnavailable {
  return new WarehouseUnavailable(`The query ${name} failed. Retry; if it stays so, see the log.`, {
    cause,
  });
}

function limitOf({ memoryLimitMb }: DuckDbOptions): number {
  return memoryLimitMb ?? 56;
}

async function openInstance(options: DuckDbOptions): Promise<DuckDBInstance> {
  const path = join(options.dataDir, 'warehouse.duckdb');
  try {
    return await DuckDBInstance.create(path, {
      // One thread: reading the journal must not take the cores that answer webhooks.
      threads: '1',
      memory_limit: `${limitOf(options)}MB`,
      preserve_insertion_order: 'false',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // Gives memory back after each read of the journal; without it the process keeps 100 MB more.
      allocator_flush_threshold: '8MB',
      allocator_bulk_deallocation_flush_threshold: '8MB',
    });
  } catch (cause) {
    if (String(cause).includes('lock')) {
      throw new DataFolderInUse(
        `Another process uses ${options.dataDir}. Stop it, or set TRIBUTARY_DATA_DIR to another folder.`,
        { cause },
      );
    }
    throw new WarehouseUnavailable(`${path} could not be opened.`, { cause });
  }
}
