import type { Table } from '#schemas/tables.ts';
import { schemaFault } from './schema-fault.ts';
import type { StorageClient } from './storage-client.ts';

/** Knows whether a table in BigQuery fits its declaration. */
export class SchemaWatch {
  readonly #client: StorageClient;
  readonly #table: Table;
  readonly #tablePath: string;
  readonly #writeStream: string;
  #fits = false;
  #asking: Promise<void> | undefined;

  constructor(client: StorageClient, table: Table, tablePath: string, writeStream: string) {
    this.#client = client;
    this.#table = table;
    this.#tablePath = tablePath;
    this.#writeStream = writeStream;
  }

  /** Whether the last answer fitted and nothing since then put that in doubt. */
  get fits(): boolean {
    return this.#fits;
  }

  /**
   * Asks BigQuery. Those who ask at the same time share one call.
   *
   * @throws SchemaMismatch, or the client's error
   */
  ask(timeoutMs: number): Promise<void> {
    this.#asking ??= this.#ask(timeoutMs).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** The table may have changed: it is asked for again before the next append. */
  forget(): void {
    this.#fits = false;
  }

  async #ask(timeoutMs: number): Promise<void> {
    const fields = await this.#client.tableFields(this.#writeStream, timeoutMs);
    const fault = schemaFault(this.#table, this.#tablePath, fields);
    this.#fits = fault === undefined;
    if (fault) throw fault;
  }
}
