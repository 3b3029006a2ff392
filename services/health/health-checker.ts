import type { Database } from '#platform/database/database.ts';
import { CredentialsRefused } from '#schemas/problems.ts';
import { type CheckConnection, type CheckResult, type CheckTarget, runCheck } from './check.ts';
import type { Circuits } from './circuits.ts';
import { claimDue, claimNow, prepareRun } from './claims.ts';
import { recordCheck } from './record-check.ts';

export interface HealthCheckerOptions {
  readonly database: Database;
  readonly circuits: Circuits;
  readonly check: CheckConnection;
  /** The provider does not take the credentials any more: only people mend that. */
  readonly onPermanentFailure: (
    connection: CheckTarget,
    code: string,
    detail: string,
  ) => Promise<void>;
  readonly onCheck?: (outcome: CheckResult['outcome']) => void;
  readonly onError: (message: string, error: unknown) => void;
  /** Checks at once. Default 5. */
  readonly concurrency?: number;
  /** Of one check. Default 10,000 ms. */
  readonly timeoutMs?: number;
  /** Of a run: the next one follows a minute later. Default 50,000 ms. */
  readonly runMs?: number;
}

export type CheckCounts = Record<CheckResult['outcome'], number>;

/** Checks connections: those that are due, and on request. Any number of processes share the work. */
export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  readonly #concurrency: number;
  readonly #timeoutMs: number;
  readonly #runMs: number;
  readonly #stop = new AbortController();

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 5;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#runMs = options.runMs ?? 50_000;
  }

  /**
   * Checks what is due, for as long as a run may last. The rest is due first in the next run.
   *
   * @returns how many had which outcome
   */
  async run(): Promise<CheckCounts> {
    const { database } = this.#options;
    const counts: CheckCounts = { ok: 0, failed: 0, not_checkable: 0, skipped: 0 };
    const isTime = this.#time();
    await prepareRun(database);
    await this.#inLanes(async () => {
      const due = isTime() ? await claimDue(database) : undefined;
      if (!due) return false;
      counts[(await this.#check(due)).outcome] += 1;
      return true;
    });
    return counts;
  }

  /** Checks one connection now. */
  async checkNow(connection: CheckTarget): Promise<CheckResult> {
    await claimNow(this.#options.database, connection.id);
    return this.#check(connection);
  }

  /**
   * Checks these connections now.
   *
   * @returns their results in the same order; undefined for those that the time of a run did not suffice for
   */
  async checkAll(connections: readonly CheckTarget[]): Promise<(CheckResult | undefined)[]> {
    const results: (CheckResult | undefined)[] = connections.map(() => undefined);
    const isTime = this.#time();
    const waiting = connections.entries();
    await this.#inLanes(async () => {
      const next = isTime() ? waiting.next() : undefined;
      if (!next || next.done) return false;
      const [index, connection] = next.value;
      results[index] = await this.checkNow(connection);
      return true;
    });
    return results;
  }

  /** Begins no more checks and ends those under way, which tell nothing then and are made again soon. */
  stop(): void {
    this.#stop.abort();
  }

  async #check(connection: CheckTarget): Promise<CheckResult> {
    const { database, circuits, check, onCheck, onError, onPermanentFailure } = this.#options;
    const result = await this.#result(check, connection);
    const error = result.outcome === 'failed' ? result.error : undefined;
    if (result.outcome === 'ok' || error) await circuits.onCall(connection.id, error);
    await recordCheck(database, connection, result);
    onCheck?.(result.outcome);
    if (result.outcome !== 'failed') return result;
    if (result.code === 'check_broken') {
      onError(`The check of connection ${connection.id} has a fault.`, error);
    }
    if (error instanceof CredentialsRefused) {
      await onPermanentFailure(connection, result.code, result.detail).catch((failure) =>
        onError(`Connection ${connection.id} could not be marked.`, failure),
      );
    }
    return result;
  }

  async #result(check: CheckConnection, connection: CheckTarget): Promise<CheckResult> {
    const { allowed } = await this.#options.circuits.mayCall(connection.id, { isCheck: true });
    if (allowed) {
      const { signal: stop } = this.#stop;
      return runCheck(check, connection, { timeoutMs: this.#timeoutMs, stop });
    }
    const detail = 'The provider is being called to find out whether it answers again.';
    return { outcome: 'skipped', code: 'provider_unavailable', detail };
  }

  /** True while a check that begins now ends within the run, and the process does not stop. */
  #time(): () => boolean {
    const startedMs = performance.now();
    const { signal } = this.#stop;
    return () => !signal.aborted && performance.now() - startedMs <= this.#runMs - this.#timeoutMs;
  }

  /** Does one piece of work after another in each lane, until it has none. One that fails ends its lane. */
  async #inLanes(work: () => Promise<boolean>): Promise<void> {
    const lane = async () => {
      let goesOn = true;
      while (goesOn) goesOn = await work();
    };
    const lanes = await Promise.allSettled(Array.from({ length: this.#concurrency }, lane));
    const failed = lanes.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
