import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '#schemas/problem.ts';
import { WarehouseUnavailable } from '#schemas/problems.ts';
import type { Table } from '#schemas/tables.ts';
import type { Row } from '../warehouse.ts';
import { AppendCall, cutRows, groupLength } from './append-call.ts';
import { AppendConnection } from './append-connection.ts';
import {
  operatorProblem,
  plainRowErrors,
  refusalOf,
  refusedByIndex,
  refusedRows,
  verdictOf,
} from './append-problems.ts';
import { type RowEncoder, rowDescriptor, rowEncoder } from './proto-rows.ts';
import { SchemaWatch } from './schema-watch.ts';
import type { AppendAnswer, StorageClient } from './storage-client.ts';

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

/** Waits between attempts; the first repetition is at once, since most lost connections were idle. */
const WAITS_MS = [0, 50, 100, 200, 400, 800];

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
      void this.#deliver(connection, group).finally(() => {
        this.#idle.push(connection);
        this.#dispatch();
        if (this.#isAtRest) this.#onRest?.();
      });
    }
  }

  /** Settles every call of a group, at the latest when its time is up. Never rejects. */
  async #deliver(connection: AppendConnection, group: readonly AppendCall[]): Promise<void> {
    for (let attempt = 0; ; ) {
      const calls = group.filter((call) => !call.isSettled);
      if (calls.length === 0) return;
      const answer = await this.#attempt(connection, calls);
      const failure = 'failure' in answer ? answer.failure : refusalOf(answer);
      if (failure === undefined) return settleAll(calls);
      if (!('failure' in answer) && this.#blame(answer, calls)) continue;
      const verdict = verdictOf(failure);
      // Once more, unless it is our own finding: the end of a connection may be older than the append,
      // and BigQuery has denied single appends that it allowed again (supabase/etl#912).
      if (verdict === 'operator' && (attempt > 0 || failure instanceof Problem)) {
        return this.#refuse(failure, calls);
      }
      if (verdict === 'rows') return this.#single(connection, calls, failure);
      for (const call of calls) call.lastFailure = failure;
      // Busy is no reason for another connection, which would ask for the schema again too.
      if (verdict !== 'later') connection.drop();
      const wait = waitMs(verdict === 'later' ? attempt + 2 : attempt);
      // Not past the end of these calls: others wait for the connection.
      await delay(Math.min(wait, this.#leftMs(calls)));
      attempt += 1;
    }
  }

  async #attempt(
    connection: AppendConnection,
    calls: readonly AppendCall[],
  ): Promise<AppendAnswer | { readonly failure: unknown }> {
    try {
      if (!this.#schema.fits) await this.#schema.ask(this.#leftMs(calls));
      const rows = calls.length === 1 && calls[0] ? calls[0].rows : calls.flatMap((c) => c.rows);
      const answer = await connection.append(rows, this.#leftMs(calls));
      // Asked for again rather than believed, so that there is one place that compares.
      if (answer.updatedSchema) this.#schema.forget();
      return answer;
    } catch (failure) {
      return { failure };
    }
  }

  /** Until the last of them ends. All have the same timeout, so that is the last that came. */
  #leftMs(calls: readonly AppendCall[]): number {
    return Math.max(1, (calls.at(-1)?.endMs ?? 0) - this.#options.clock());
  }

  /** Fails the calls whose rows BigQuery named. @returns whether there was one */
  #blame(answer: AppendAnswer, calls: readonly AppendCall[]): boolean {
    const rowErrors = plainRowErrors(answer.rowErrors);
    let start = 0;
    let found = false;
    for (const call of calls) {
      const end = start + call.rows.length;
      const mine = rowErrors
        .filter(({ index }) => index >= start && index < end)
        .map(({ index, message }) => ({ index: index - start, message }));
      if (mine.length > 0) {
        call.fail(refusedByIndex(mine, this.#options.table, call.firstRow));
        found = true;
      }
      start = end;
    }
    return found;
  }

  /** A refusal that names no rows: halves are tried until it is clear whose rows they are. */
  async #single(
    connection: AppendConnection,
    calls: readonly AppendCall[],
    failure: unknown,
  ): Promise<void> {
    const problem = refusedRows(failure, this.#options.table);
    if (problem.kind.next === 'ask_operator') {
      // It is taken up again with a new connection, whose first request describes the rows anew.
      connection.drop();
      return this.#refuse(problem, calls);
    }
    const [first] = calls;
    if (calls.length === 1 && first) return first.fail(problem);
    const middle = Math.ceil(calls.length / 2);
    await this.#deliver(connection, calls.slice(0, middle));
    await this.#deliver(connection, calls.slice(middle));
  }

  #refuse(failure: unknown, calls: readonly AppendCall[]): void {
    const { tablePath, onError, clock } = this.#options;
    const problem = operatorProblem(failure, tablePath);
    onError(`Appends to ${tablePath} are refused.`, problem);
    this.#refused = { problem, untilMs: clock() + RECHECK_MS };
    this.#schema.forget();
    for (const call of [...calls, ...this.#queue]) call.fail(problem);
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}

function settleAll(calls: readonly AppendCall[]): void {
  for (const call of calls) call.succeed();
}

/** Waits for all, also when one fails, so that a caller who is told has nothing in flight. */
async function allConfirmed(calls: readonly AppendCall[]): Promise<void> {
  const results = await Promise.allSettled(calls.map((call) => call.confirmed));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function waitMs(attempt: number): number {
  const longest = WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? 0;
  return longest * (0.5 + Math.random() / 2);
}
