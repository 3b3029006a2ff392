import { JobNotFound, ShuttingDown } from '#schemas/problems.ts';
import { checkJobSpec } from '../job-spec.ts';
import type { Job, JobSpec, Scheduler } from '../scheduler.ts';
import { callTask } from './call.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { PausedJobs } from './paused-jobs.ts';
import { ScheduledJob } from './scheduled-job.ts';
import type { TaskSigner } from './task-signer.ts';

export interface InProcessSchedulerOptions {
  /** Origin of the worker that answers `/tasks/{task}`; it listens already. */
  readonly baseUrl: string;
  readonly signer: TaskSigner;
  /** Folder of `scheduler.json`, which remembers the paused jobs. */
  readonly dataDir: string;
  /** After this long an attempt counts as failed. Default 180,000 ms, Cloud Scheduler's. */
  readonly attemptTimeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * Opens the scheduler that runs inside the process, with Cloud Scheduler's semantics: signed POSTs,
 * retries with a doubling wait, no scheduled run while another of the job is under way, nothing made
 * up for that fell due while the process was down.
 *
 * Jobs live in memory, as the server upserts its own at every start; only whether a job is paused is
 * kept. `run` waits for a run under way, where Cloud Scheduler starts a second one at once: tasks
 * have to bear that.
 *
 * @throws InvalidConfig when `scheduler.json` is damaged
 */
export async function openInProcessScheduler(
  options: InProcessSchedulerOptions,
): Promise<Scheduler> {
  return new InProcessScheduler(options, await PausedJobs.open(options.dataDir));
}

class InProcessScheduler implements Scheduler {
  readonly #jobs = new Map<string, ScheduledJob>();
  readonly #paused: PausedJobs;
  readonly #clock: Clock;
  readonly #call: (spec: JobSpec) => Promise<number>;
  #closed: Promise<void> | undefined;

  constructor(options: InProcessSchedulerOptions, paused: PausedJobs) {
    const { clock = SYSTEM_CLOCK, attemptTimeoutMs = 180_000, baseUrl, signer } = options;
    this.#paused = paused;
    this.#clock = clock;
    const call = { baseUrl: baseUrl.replace(/\/+$/, ''), signer, attemptTimeoutMs };
    this.#call = (spec) => callTask(spec, clock.nowMs(), call);
  }

  async upsert(spec: JobSpec): Promise<void> {
    this.#refuseClosed();
    checkJobSpec(spec);
    // A copy: what the caller does to its object later is not ours.
    const own = structuredClone(spec);
    const job = this.#jobs.get(spec.name);
    if (job) job.update(own);
    else this.#jobs.set(spec.name, this.#newJob(own));
  }

  async pause(name: string): Promise<void> {
    const job = this.#find(name);
    job.setState('paused');
    await this.#paused.set(name, true);
  }

  async resume(name: string): Promise<void> {
    const job = this.#find(name);
    await this.#paused.set(name, false);
    job.setState('enabled');
  }

  async run(name: string): Promise<void> {
    await this.#find(name).run();
  }

  async delete(name: string): Promise<void> {
    const job = this.#find(name);
    this.#jobs.delete(name);
    await job.stop();
    await this.#paused.set(name, false);
  }

  async list(): Promise<Job[]> {
    return [...this.#jobs.values()].map((job) => job.describe());
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([...this.#jobs.values()].map((job) => job.stop())).then(
      () => undefined,
    );
    return this.#closed;
  }

  #newJob(spec: JobSpec): ScheduledJob {
    const state = this.#paused.has(spec.name) ? 'paused' : 'enabled';
    return new ScheduledJob(spec, state, this.#clock, this.#call);
  }

  #find(name: string): ScheduledJob {
    this.#refuseClosed();
    const job = this.#jobs.get(name);
    if (!job) throw new JobNotFound(`There is no scheduled job ${name}.`);
    return job;
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ShuttingDown('The scheduler is closed: the server is stopping.');
  }
}
