import type { PoolClient, QueryResult } from 'pg';
import { endsConnection, statementError, type Target } from './errors.ts';

export interface Statement {
  readonly text: string;
  /** Undefined for a script: several statements, separated by semicolons. */
  readonly values?: readonly unknown[];
  /** How long it may run, where that is not the pool's limit. */
  readonly timeoutMs?: number;
}

/** A connection of the pool while somebody uses it. */
export class Session {
  readonly #client: PoolClient;
  readonly #target: Target;
  readonly #lost = Promise.withResolvers<never>();
  #broken = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PoolClient, target: Target) {
    this.#client = client;
    this.#target = target;
    this.#lost.promise.catch(() => undefined);
    // The pool listens to idle connections only: without a listener here a loss ends the process.
    client.on('error', this.#onLost);
  }

  /** True when the connection is gone. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Runs one statement after those asked for before. */
  run(statement: Statement): Promise<QueryResult> {
    const result = this.#last.then(() => this.#send(statement));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** What `work` returns, unless the connection is lost first. */
  orLost<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#lost.promise]);
  }

  /** Ends the connection under whatever uses it. */
  abort(reason: Error): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#lost.reject(reason);
    void this.#client.end();
  }

  /** Gives the connection back, or ends it where it cannot be used again. */
  release(): void {
    const inTransaction = this.#client.getTransactionStatus() !== 'I';
    this.#client.release(this.#broken || inTransaction);
    this.#client.off('error', this.#onLost);
  }

  async #send({ text, values, timeoutMs }: Statement): Promise<QueryResult> {
    const startedAt = performance.now();
    const config = {
      text,
      ...(values && { values: [...values], queryMode: 'extended' }),
      ...(timeoutMs !== undefined && { query_timeout: timeoutMs }),
    };
    try {
      return await this.#client.query(config);
    } catch (error) {
      if (endsConnection(error)) this.#broken = true;
      throw statementError(error, this.#target, {
        lost: this.#broken,
        elapsedMs: performance.now() - startedAt,
        limitMs: timeoutMs ?? this.#target.statementTimeoutMs,
      });
    }
  }

  readonly #onLost = (error: Error): void => {
    this.#broken = true;
    this.#lost.reject(statementError(error, this.#target, { lost: true }));
  };
}
