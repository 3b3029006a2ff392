/** Anything SQL can be sent to: the database itself, or one transaction of it. */
export interface Queryable {
  /**
   * Runs one statement.
   *
   * @param sql one statement in the Postgres dialect with $1, $2… for the values
   * @returns the rows, with NUMERIC and BIGINT as exact text and TIMESTAMPTZ as Date
   * @throws DatabaseUnavailable when the database cannot be reached or is shut down; a statement's
   *   own failure keeps the driver's error, whose `code` is the SQLSTATE
   */
  query<Row extends object = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
}

/** Postgres: the control plane's state and the consumers' ledger. */
export interface Database extends Queryable {
  /** Runs `work` in one transaction: commits when it resolves, rolls back when it throws. */
  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result>;

  /** Applies the migrations that are still missing, in order, under a lock. */
  migrate(): Promise<void>;

  close(): Promise<void>;
}
