import { nextRunMs } from '../job-spec.ts';
import type { Job, JobSpec } from '../scheduler.ts';
import { backoffMs } from './backoff.ts';
import { succeeded } from './call.ts';
import type { Clock } from './clock.ts';

/** Longest sleep until the clock is read again: it may be set, and laptops sleep. */
const LOOK_AGAIN_MS = 60_000;
const DEFAULT_MAX_RETRIES = 3;
const DEFAULT_MIN_BACKOFF_MS = 5_000;

/** Makes one attempt. @returns the status of the answer; 0 when none came */
export type Call = (spec: JobSpec) => Promise<number>;

/** One job: its timer and its runs, of which there is never more than one at a time. */
export class ScheduledJob {
  #spec: JobSpec;
  readonly #clock: Clock;
  readonly #call: Call;
  #state: Job['state'];
  #lastAttempt: Job['lastAttempt'];
  #dueMs: number | undefined;
  #cancelTimer: () => void = () => undefined;
  #endBackoff: () => void = () => undefined;
  #stopped = false;
  /** Ends with the run under way, retries included. */
  #outstanding: Promise<void> | undefined;

  constructor(spec: JobSpec, state: Job['state'], clock: Clock, call: Call) {
    this.#spec = spec;
    this.#state = state;
    this.#clock = clock;
    this.#call = call;
    this.#reschedule();
  }

  describe(): Job {
    const lastAttempt = this.#lastAttempt;
    return { ...this.#spec, state: this.#state, ...(lastAttempt ? { lastAttempt } : {}) };
  }

  /** Replaces the specification, from the next attempt on. */
  update(spec: JobSpec): void {
    this.#spec = spec;
    this.#reschedule();
  }

  setState(state: Job['state']): void {
    this.#state = state;
    this.#reschedule();
  }

  /** Runs once no other run is under way. @returns after the first attempt; retries go on */
  async run(): Promise<void> {
    while (this.#outstanding) await this.#outstanding;
    if (!this.#stopped) await this.#start();
  }

  /** Stops the timer and gives up retries. @returns once no attempt is under way */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    this.#endBackoff();
    await this.#outstanding;
  }

  #reschedule(): void {
    this.#cancelTimer();
    if (this.#stopped || this.#state === 'paused') return;
    this.#dueMs = nextRunMs(this.#spec, this.#clock.nowMs());
    this.#sleep();
  }

  #sleep(): void {
    if (this.#dueMs === undefined) return;
    const waitMs = Math.min(Math.max(this.#dueMs - this.#clock.nowMs(), 0), LOOK_AGAIN_MS);
    this.#cancelTimer = this.#clock.after(waitMs, () => this.#wake());
  }

  #wake(): void {
    if (this.#dueMs !== undefined && this.#clock.nowMs() < this.#dueMs) {
      this.#sleep();
      return;
    }
    // A run that is still under way takes the place of this one.
    if (!this.#outstanding) void this.#start();
    this.#reschedule();
  }

  /** @returns after the first attempt */
  #start(): Promise<void> {
    const first = this.#attempt();
    this.#outstanding = first
      .then((status) => this.#retry(status))
      .finally(() => {
        this.#outstanding = undefined;
      });
    return first.then(() => undefined);
  }

  async #retry(firstStatus: number): Promise<void> {
    let status = firstStatus;
    for (let retry = 1; !succeeded(status); retry += 1) {
      const { maxRetries = DEFAULT_MAX_RETRIES, minBackoffMs = DEFAULT_MIN_BACKOFF_MS } =
        this.#spec;
      if (retry > maxRetries || this.#stopped) return;
      await this.#backOff(backoffMs(minBackoffMs, retry));
      if (this.#stopped) return;
      status = await this.#attempt();
    }
  }

  #backOff(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(delayMs, resolve);
      this.#endBackoff = () => {
        cancel();
        resolve();
      };
    });
  }

  async #attempt(): Promise<number> {
    const status = await this.#call(this.#spec);
    this.#lastAttempt = { atMs: this.#clock.nowMs(), status };
    return status;
  }
}
