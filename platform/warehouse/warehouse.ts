/** A value of a row, as JSON text would hold it: instants as RFC 3339, decimals as strings. */
export type CellValue = string | number | boolean | null;
export type Row = Readonly<Record<string, CellValue>>;

/** How much one ordered stream should hold at most. More works too, and is slow: it spills to disk or costs. */
export interface StreamBounds {
  readonly rows: number;
  /** Of payloads; absent where rows alone are the bound. */
  readonly bytes?: number;
}

/** Append-only tables for the outbox and for analysts; see schemas/tables.ts for what there is. */
export interface Warehouse {
  /**
   * Appends rows to a table, all or none.
   *
   * @returns once they are durable: they survive the loss of the process and of power, and every
   *   query sent after that sees them
   * @throws InvalidRow when a row does not fit the table, with the column named; nothing is written
   * @throws WarehouseUnavailable when durability was not confirmed; rows may still have been written
   * @throws PermissionMissing, ResourceMissing, SchemaMismatch when an operator must act first
   */
  append(table: string, rows: readonly Row[]): Promise<void>;

  /**
   * Asks whether an append to every table can be expected to work now.
   *
   * @throws WarehouseUnavailable, PermissionMissing, ResourceMissing or SchemaMismatch when not
   */
  check(): Promise<void>;

  /**
   * Runs a named query, `sql/{dialect}/queries/{name}.sql`: each dialect has the same names, with
   * the same parameters and result columns.
   *
   * @param params one value for each placeholder; null where a filter is not used
   * @throws QueryTooCostly when it would read more than the cap in the query's file
   * @returns rows with INT64 as number, NUMERIC as exact text, TIMESTAMP as RFC 3339 in milliseconds
   */
  query<Result extends object>(
    name: string,
    params?: Readonly<Record<string, CellValue>>,
  ): Promise<Result[]>;

  /** What readers of long ranges cut them by. */
  readonly streamBounds: StreamBounds;

  /**
   * Runs a named query as `query` does, and gives its rows a batch at a time, never empty, in the order
   * of the query. One that is left before its end frees what it holds; so does closing the warehouse.
   *
   * @returns rows as they were when the query began, however slowly they are taken
   * @throws as `query`, while it is read
   */
  stream<Result extends object>(
    name: string,
    params?: Readonly<Record<string, CellValue>>,
  ): AsyncGenerator<Result[]>;

  close(): Promise<void>;
}
