import { existsSync } from 'node:fs';
import type { DuckDBInstance } from '@duckdb/node-api';
import { InvalidRequest } from '#schemas/problems.ts';
import { TABLES } from '#schemas/tables.ts';
import type { Row } from '../warehouse.ts';
import { JournaledTable, type JournaledTableOptions, journalDir } from './journaled-table.ts';

export type TablesOptions = Omit<JournaledTableOptions, 'table' | 'instance'> & {
  readonly instance: DuckDBInstance;
};

/**
 * The tables with their journals. A table is opened at its first append, or at the start when it has a
 * journal: one that nobody writes to costs neither a connection nor a folder.
 */
export class Tables {
  readonly #options: TablesOptions;
  readonly #opened = new Map<string, JournaledTable>();
  readonly #opening = new Map<string, Promise<JournaledTable>>();

  private constructor(options: TablesOptions) {
    this.#options = options;
  }

  static async open(options: TablesOptions): Promise<Tables> {
    const tables = new Tables(options);
    for (const { name } of TABLES) {
      if (existsSync(journalDir(options.dataDir, name))) await tables.#open(name);
    }
    return tables;
  }

  /** @throws InvalidRequest when there is no such table */
  append(table: string, rows: readonly Row[]): Promise<void> {
    const opened = this.#opened.get(table);
    return opened ? opened.append(rows) : this.#open(table).then((one) => one.append(rows));
  }

  /** Returns once everything appended so far to the tables named can be queried. */
  async settle(names: ReadonlySet<string>): Promise<void> {
    for (const [name, table] of this.#opened) if (names.has(name)) await table.settle();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    for (const table of this.#opened.values()) await table.close();
  }

  #open(name: string): Promise<JournaledTable> {
    const underWay = this.#opening.get(name);
    if (underWay) return underWay;
    const table = TABLES.find((one) => one.name === name);
    if (!table) {
      return Promise.reject(new InvalidRequest(`There is no table ${name} in schemas/tables.ts.`));
    }
    const opening = JournaledTable.open({ ...this.#options, table })
      .then((opened) => {
        this.#opened.set(name, opened);
        return opened;
      })
      .finally(() => this.#opening.delete(name));
    this.#opening.set(name, opening);
    return opening;
  }
}
