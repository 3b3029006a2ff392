import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '#schemas/problem.ts';
import type { Table } from '#schemas/tables.ts';
import type { AppendCall } from './append-call.ts';
import type { AppendConnection } from './append-connection.ts';
import {
  messagesByIndex,
  operatorProblem,
  refusalOf,
  refusedByIndex,
  refusedRows,
  verdictOf,
} from './append-problems.ts';
import type { SchemaWatch } from './schema-watch.ts';
import type { AppendAnswer } from './storage-client.ts';

export interface AppendDeliveryOptions {
  readonly schema: SchemaWatch;
  readonly table: Table;
  /** `projects/P/datasets/D/tables/T` */
  readonly tablePath: string;
  readonly clock: () => number;
}

type Attempt = { readonly answer: AppendAnswer } | { readonly failure: unknown };

/** Waits between attempts; the first repetition is at once, since most lost connections were idle. */
const WAITS_MS = [0, 50, 100, 200, 400, 800];

/** Carries groups of calls to BigQuery, and gives every call the outcome of its own rows. */
export class AppendDelivery {
  readonly #options: AppendDeliveryOptions;

  constructor(options: AppendDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Settles every call of a group, or leaves it to its deadline, which is then reached. Never rejects.
   *
   * @returns the problem when an operator must act before anything can be appended
   */
  async deliver(
    connection: AppendConnection,
    group: readonly AppendCall[],
  ): Promise<Problem | undefined> {
    const { tablePath, clock } = this.#options;
    for (let attempt = 0; ; ) {
      const calls = group.filter(({ isSettled, endMs }) => !isSettled && endMs > clock());
      if (calls.length === 0) return undefined;
      const made = await this.#attempt(connection, calls);
      const failure = 'answer' in made ? refusalOf(made.answer) : made.failure;
      if (failure === undefined) {
        for (const call of calls) call.succeed();
        return undefined;
      }
      // Without the calls whose rows BigQuery named, the others may well fit.
      if ('answer' in made && this.#blame(made.answer, calls)) continue;
      const verdict = verdictOf(failure);
      // Once more, unless it is our own finding: the end of a connection may be older than the append,
      // and BigQuery has denied single appends that it allowed again (supabase/etl#912).
      if (verdict === 'operator' && (attempt > 0 || failure instanceof Problem)) {
        return failAll(calls, operatorProblem(failure, tablePath));
      }
      if (verdict === 'rows') return this.#narrow(connection, calls, failure);
      for (const call of calls) call.lastFailure = failure;
      // Busy is no reason for another connection, which would ask for the schema again too.
      if (verdict !== 'later') connection.drop();
      const wait = waitMs(verdict === 'later' ? attempt + 2 : attempt);
      // Not past the end of these calls: others wait for the connection.
      await delay(Math.min(wait, this.#leftMs(calls)));
      attempt += 1;
    }
  }

  async #attempt(connection: AppendConnection, calls: readonly AppendCall[]): Promise<Attempt> {
    const { schema } = this.#options;
    try {
      if (!schema.fits) await schema.ask(this.#leftMs(calls));
      const rows = calls.length === 1 && calls[0] ? calls[0].rows : calls.flatMap((c) => c.rows);
      const answer = await connection.append(rows, this.#leftMs(calls));
      // Asked for again rather than believed, so that there is one place that compares.
      if (answer.updatedSchema) schema.forget();
      return { answer };
    } catch (failure) {
      return { failure };
    }
  }

  /** Until the last of them ends. All have the same timeout, so that is the last that came. */
  #leftMs(calls: readonly AppendCall[]): number {
    return Math.max(1, (calls.at(-1)?.endMs ?? 0) - this.#options.clock());
  }

  /** Fails the calls whose rows BigQuery named. @returns whether there was one */
  #blame({ rowErrors }: AppendAnswer, calls: readonly AppendCall[]): boolean {
    const messages = messagesByIndex(rowErrors);
    let start = 0;
    let found = false;
    for (const call of messages.size > 0 ? calls : []) {
      const mine = call.rows.flatMap((_row, index) => {
        const message = messages.get(start + index);
        return message === undefined ? [] : [{ index: call.firstRow + index, message }];
      });
      if (mine.length > 0) {
        call.fail(refusedByIndex(mine, this.#options.table));
        found = true;
      }
      start += call.rows.length;
    }
    return found;
  }

  /** A refusal that names no rows: halves are tried until it is clear whose rows they are. */
  async #narrow(
    connection: AppendConnection,
    calls: readonly AppendCall[],
    failure: unknown,
  ): Promise<Problem | undefined> {
    const problem = refusedRows(failure, this.#options.table);
    if (problem.kind.next === 'ask_operator') {
      // The first request of the next connection describes the rows anew.
      connection.drop();
      return failAll(calls, problem);
    }
    if (calls.length === 1) {
      for (const call of calls) call.fail(problem);
      return undefined;
    }
    const middle = Math.ceil(calls.length / 2);
    const first = await this.deliver(connection, calls.slice(0, middle));
    return (await this.deliver(connection, calls.slice(middle))) ?? first;
  }
}

function failAll(calls: readonly AppendCall[], problem: Problem): Problem {
  for (const call of calls) call.fail(problem);
  return problem;
}

function waitMs(attempt: number): number {
  const longest = WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? 0;
  return longest * (0.5 + Math.random() / 2);
}
