import type { DuckDBInstance } from '@duckdb/node-api';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import type { CellValue } from '../warehouse.ts';
import { plainRows } from './result-rows.ts';

/**
 * The rows of queries, a chunk of some 2,000 at a time. Each has a connection of its own, since a
 * statement ends what its connection still streams.
 */
export class RowStreams {
  readonly #instance: DuckDBInstance;
  readonly #open = new Set<() => Promise<void>>();

  constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** @throws WarehouseUnavailable when it was closed from outside; else what DuckDB throws */
  async *rows(
    sql: string,
    params: Readonly<Record<string, CellValue>>,
  ): AsyncGenerator<Record<string, CellValue>[]> {
    const connection = await this.#instance.connect();
    let closed = false;
    let underWay: Promise<unknown> = Promise.resolve();
    // DuckDB works in another thread: its connection must stay until that has come back.
    const close = async () => {
      if (closed) return;
      closed = true;
      this.#open.delete(close);
      await underWay.catch(() => undefined);
      connection.closeSync();
    };
    const during = <Result>(work: Promise<Result>): Promise<Result> => {
      underWay = work;
      return work;
    };
    this.#open.add(close);
    try {
      const result = await during(connection.stream(sql, { ...params }));
      const names = result.columnNames();
      let fetching = during(result.fetchChunk());
      for (;;) {
        const chunk = await fetching;
        if (closed) throw new WarehouseUnavailable('The warehouse was closed while it was read.');
        if (!chunk || chunk.rowCount === 0) return;
        // DuckDB makes the next chunk while this one is used.
        fetching = during(result.fetchChunk());
        fetching.catch(() => undefined);
        yield plainRows(names, chunk.getColumns());
      }
    } finally {
      await close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((close) => close()));
  }
}
