import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { withDeadline } from '../deadline.ts';
import { withLease } from '../leases/lease.ts';
import { carryReplay } from './carry-replay.ts';
import { Pace } from './pace.ts';
import { ReplayProgress, runnableReplays } from './replay-progress.ts';

export interface ReplayRunnerOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly database: Database;
  /** Names this process in receipts. */
  readonly process: string;
  readonly onError: (message: string, error: unknown) => void;
  /** How often it looks for work. Default 2,000 ms. */
  readonly pollMs?: number;
  /** How long a replay waits for a process that is gone. Default 30,000 ms. */
  readonly leaseMs?: number;
  /** See CarryOptions. */
  readonly retryMs?: number;
}

/** Side by side in one process: a small replay need not wait for the end of a large one. */
const MAX_AT_ONCE = 3;
/** How far it looks past replays that others have in hand. */
const LOOK_AT = 50;
const STOP_MS = 3_000;

/** Works on the replays that are waiting, and on those that a process which is gone has left. */
export class ReplayRunner {
  readonly #options: ReplayRunnerOptions;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(options: ReplayRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    const poll = () => {
      this.look().catch(() => undefined);
    };
    this.#timer = setInterval(poll, this.#options.pollMs ?? 2_000).unref();
    poll();
  }

  /**
   * Starts what is waiting and does not wait for its end.
   *
   * @returns how many replays this process now has in hand
   * @throws DatabaseUnavailable
   */
  async look(): Promise<{ running: number }> {
    const ids = await runnableReplays(this.#options.database, LOOK_AT).then(
      (found) => {
        this.#failing = false;
        return found;
      },
      (error) => {
        // Once for an outage, not at every look.
        if (!this.#failing) this.#options.onError('Replays cannot be looked for.', error);
        this.#failing = true;
        throw error;
      },
    );
    for (const id of ids) {
      if (this.#stopping.signal.aborted || this.#running.size >= MAX_AT_ONCE) break;
      if (!this.#running.has(id)) this.#begin(id);
    }
    return { running: this.#running.size };
  }

  /** Ends after the batches under way; what is left another process takes on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await withDeadline(Promise.all(this.#running.values()), STOP_MS);
  }

  #begin(id: string): void {
    const running = this.#run(id)
      .catch((error) =>
        this.#options.onError(`Replay ${id} was interrupted; it is taken up again.`, error),
      )
      .finally(() => this.#running.delete(id));
    this.#running.set(id, running);
  }

  async #run(id: string): Promise<void> {
    const { database, leaseMs = 30_000, process, ...rest } = this.#options;
    await withLease(database, { name: `replay/${id}`, holdMs: leaseMs }, async (lost) => {
      const progress = await ReplayProgress.begin(database, id, process);
      if (!progress) return;
      const signal = AbortSignal.any([lost, this.#stopping.signal]);
      const pace = new Pace(progress.replay.ratePerSecond);
      await carryReplay({ ...rest, progress, pace, signal });
    });
  }
}
