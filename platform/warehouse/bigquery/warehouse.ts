import type { PlainEndpoint } from '#platform/google/client-options.ts';
import { InvalidRequest, WarehouseUnavailable } from '#schemas/problems.ts';
import { TABLES, type Table } from '#schemas/tables.ts';
import type { CellValue, Row, StreamBounds, Warehouse } from '../warehouse.ts';
import { loadQueryFiles, type QueryFile } from './query-files.ts';
import { QueryRunner } from './query-runner.ts';
import { StorageClient } from './storage-client.ts';
import { TableAppender } from './table-appender.ts';

export interface BigQueryOptions {
  readonly projectId: string;
  readonly dataset: string;
  /** Where the dataset is, such as EU. */
  readonly location: string;
  /** REST instead of Google's, such as `http://127.0.0.1:9050`; without credentials. */
  readonly restEndpoint?: string | undefined;
  /** gRPC instead of Google's, in plain text, without credentials. */
  readonly storageEndpoint?: PlainEndpoint | undefined;
  /** Tables that this process appends to and `check` asks about. Default all. */
  readonly tables?: readonly Table[];
  /** Longest wait for the confirmation of an append, attempts and waits included. Default 5,000 ms. */
  readonly appendTimeoutMs?: number;
  /** Default 30,000 ms. */
  readonly queryTimeoutMs?: number;
  /** Connections to append by, for each table; opened as they are needed. Default 4. */
  readonly connections?: number;
  /** Bound of what waits to be sent, for each table. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** On each query job, for cost reports. Default product: tributary. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly onError?: (message: string, error: unknown) => void;
  /** Milliseconds that only go forward. */
  readonly clock?: () => number;
}

/**
 * The warehouse on BigQuery: appends through the Storage Write API's default streams, queries through
 * jobs. Returns at once, whether BigQuery is there or not; `check` tells.
 * See docs/decisions/0011-appending-to-bigquery.md.
 */
export async function openBigQueryWarehouse(options: BigQueryOptions): Promise<Warehouse> {
  return new BigQueryWarehouse(options, await loadQueryFiles());
}

/** Each stream is a job that reads the whole day's columns, and whose last step sorts in one place. */
const STREAM_BOUNDS: StreamBounds = { rows: 500_000 };

class BigQueryWarehouse implements Warehouse {
  readonly streamBounds = STREAM_BOUNDS;
  readonly #storage: StorageClient;
  readonly #appenders: ReadonlyMap<string, TableAppender>;
  readonly #queries: ReadonlyMap<string, QueryFile>;
  readonly #runner: QueryRunner;
  #closed: Promise<void> | undefined;

  constructor(options: BigQueryOptions, queries: ReadonlyMap<string, QueryFile>) {
    const { projectId, dataset, location, restEndpoint, storageEndpoint } = options;
    this.#storage = new StorageClient(projectId, storageEndpoint);
    this.#appenders = new Map(
      (options.tables ?? TABLES).map((table) => [
        table.name,
        new TableAppender({
          client: this.#storage,
          table,
          tablePath: `projects/${projectId}/datasets/${dataset}/tables/${table.name}`,
          timeoutMs: options.appendTimeoutMs ?? 5_000,
          connections: options.connections ?? 4,
          maxQueuedBytes: options.maxQueuedBytes ?? 64 * 1024 * 1024,
          onError: options.onError ?? (() => undefined),
          clock: options.clock ?? (() => performance.now()),
        }),
      ]),
    );
    this.#queries = queries;
    this.#runner = new QueryRunner({
      projectId,
      dataset,
      location,
      endpoint: restEndpoint,
      timeoutMs: options.queryTimeoutMs ?? 30_000,
      labels: options.labels ?? { product: 'tributary' },
    });
  }

  // Not async: a waiting frame would keep the rows alive until BigQuery has answered.
  append(table: string, rows: readonly Row[]): Promise<void> {
    const appender = this.#appenders.get(table);
    if (!appender) {
      return Promise.reject(
        new InvalidRequest(`There is no table ${table} that this process appends to.`),
      );
    }
    return this.#closed ? Promise.reject(closed()) : appender.append(rows);
  }

  async query<Result extends object>(
    name: string,
    params: Readonly<Record<string, CellValue>> = {},
  ): Promise<Result[]> {
    return (await this.#runner.run(this.#query(name), params)) as Result[];
  }

  async *stream<Result extends object>(
    name: string,
    params: Readonly<Record<string, CellValue>> = {},
  ): AsyncGenerator<Result[]> {
    for await (const rows of this.#runner.stream(this.#query(name), params)) {
      yield rows as Result[];
      if (this.#closed) throw closed();
    }
  }

  async check(): Promise<void> {
    if (this.#closed) throw closed();
    await Promise.all([...this.#appenders.values()].map((appender) => appender.check()));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #query(name: string): QueryFile {
    const query = this.#queries.get(name);
    if (!query) throw new InvalidRequest(`There is no query sql/bigquery/queries/${name}.sql.`);
    if (this.#closed) throw closed();
    return query;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#appenders.values()].map((appender) => appender.close()));
    await this.#storage.close();
  }
}

function closed(): WarehouseUnavailable {
  return new WarehouseUnavailable('The warehouse is closed.');
}
