import type { Problem } from '#schemas/problem.ts';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import type { Table } from '#schemas/tables.ts';
import type { Row } from '../warehouse.ts';
import { AppendCall, cutRows, groupLength } from './append-call.ts';
import { AppendConnection } from './append-connection.ts';
import { AppendDelivery } from './append-delivery.ts';
import { operatorProblem, verdictOf } from './append-problems.ts';
import { type RowEncoder, rowDescriptor, rowEncoder } from './proto-rows.ts';
import { SchemaWatch } from './schema-watch.ts';
import type { StorageClient } from './storage-client.ts';

export interface TableAppenderOptions {
  readonly client: StorageClient;
  readonly table: Table;
  /** `projects/P/datasets/D/tables/T` */
  readonly tablePath: string;
  readonly timeoutMs: number;
  readonly connections: number;
  readonly maxQueuedBytes: number;
  readonly onError: (message: string, error: unknown) => void;
  /** Milliseconds that only go forward. */
  readonly clock: () => number;
}

/** Google's limit of a request was 10 MB and is 20 MB; what is around the rows needs room too. */
const REQUEST_BYTES = 9_000_000;

/** Calls share requests up to this size: a longer one takes longer for all in it. */
const GROUP_BYTES = 2_000_000;

/** How long what an operator must put right is taken to be so still, without asking BigQuery. */
const RECHECK_MS = 1_000;

/**
 * Appends to one table through its default stream, with group commit: what arrives while all
 * connections are busy goes together in the next request, and every caller has its own outcome.
 */
export class TableAppender {
  readonly #options: TableAppenderOptions;
  readonly #schema: SchemaWatch;
  readonly #encode: RowEncoder;
  readonly #delivery: AppendDelivery;
  readonly #idle: AppendConnection[];
  readonly #connections: readonly AppendConnection[];
  #queue: AppendCall[] = [];
  #queuedBytes = 0;
  #isScheduled = false;
  #onRest: (() => void) | undefined;
  #refused: { readonly problem: Problem; readonly untilMs: number } | undefined;

  constructor(options: TableAppenderOptions) {
    this.#options = options;
    const { client, table, tablePath, connections } = options;
    const writeStream = `${tablePath}/streams/_default`;
    this.#schema = new SchemaWatch(client, table, tablePath, writeStream);
    this.#encode = rowEncoder(table, REQUEST_BYTES);
    const { clock } = options;
    this.#delivery = new AppendDelivery({ schema: this.#schema, table, tablePath, clock });
    const descriptor = rowDescriptor(table);
    const make = () =>
      new AppendConnection({
        writeStream,
        descriptor,
        open: () => client.openAppend(writeStream),
        onLost: () => this.#schema.forget(),
      });
    this.#connections = Array.from({ length: connections }, make);
    this.#idle = [...this.#connections];
  }

  // Not async: a waiting frame would keep the rows alive until BigQuery has answered.
  append(rows: readonly Row[]): Promise<void> {
    try {
      return this.#enqueue(this.#encode(rows));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @throws WarehouseUnavailable, PermissionMissing, ResourceMissing or SchemaMismatch */
  async check(): Promise<void> {
    const { tablePath, timeoutMs } = this.#options;
    try {
      await this.#schema.ask(timeoutMs);
      this.#refused = undefined;
    } catch (error) {
      if (verdictOf(error) === 'operator') throw operatorProblem(error, tablePath);
      throw new WarehouseUnavailable(`BigQuery does not answer for ${tablePath}.`, {
        cause: error,
      });
    }
  }

  /** Waits for the appends that were taken, which their timeout bounds, then ends the connections. */
  async close(): Promise<void> {
    if (!this.#isAtRest) {
      await new Promise<void>((resolve) => {
        this.#onRest = resolve;
      });
    }
    for (const connection of this.#connections) connection.drop();
  }

  get #isAtRest(): boolean {
    return this.#queue.length === 0 && this.#idle.length === this.#connections.length;
  }

  #enqueue(encoded: readonly Uint8Array[]): Promise<void> {
    const { tablePath, timeoutMs, maxQueuedBytes, clock } = this.#options;
    if (encoded.length === 0) return Promise.resolve();
    if (this.#refused && clock() < this.#refused.untilMs)
      return Promise.reject(this.#refused.problem);
    if (this.#queuedBytes > maxQueuedBytes) {
      const message = `Too much waits for BigQuery to confirm appends to ${tablePath}.`;
      return Promise.reject(new WarehouseUnavailable(message));
    }
    const endMs = clock() + timeoutMs;
    const calls = cutRows(encoded, REQUEST_BYTES).map(
      (piece) => new AppendCall(piece, tablePath, timeoutMs, endMs),
    );
    for (const call of calls) this.#queuedBytes += call.sizeBytes;
    this.#queue.push(...calls);
    this.#schedule();
    const [first] = calls;
    return calls.length === 1 && first ? first.confirmed : allConfirmed(calls);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // At the end of this turn of the event loop: what came in together shares a request.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const connection = this.#idle.pop();
      if (!connection) return;
      const group = this.#queue.splice(0, groupLength(this.#queue, GROUP_BYTES));
      for (const call of group) this.#queuedBytes -= call.sizeBytes;
      void this.#deliver(connection, group);
    }
  }

  async #deliver(connection: AppendConnection, group: readonly AppendCall[]): Promise<void> {
    const problem = await this.#delivery.deliver(connection, group);
    if (problem) this.#refuse(problem);
    this.#idle.push(connection);
    this.#dispatch();
    if (this.#isAtRest) this.#onRest?.();
  }

  /** Nothing can be appended until an operator has acted. */
  #refuse(problem: Problem): void {
    const { tablePath, onError, clock } = this.#options;
    onError(`Appends to ${tablePath} are refused.`, problem);
    this.#refused = { problem, untilMs: clock() + RECHECK_MS };
    this.#schema.forget();
    for (const call of this.#queue) call.fail(problem);
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}

/** Waits for all, also when one fails, so that a caller who is told has nothing in flight. */
async function allConfirmed(calls: readonly AppendCall[]): Promise<void> {
  const results = await Promise.allSettled(calls.map((call) => call.confirmed));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
