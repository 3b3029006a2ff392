import { setTimeout as delay } from 'node:timers/promises';
import { status as Code } from '@grpc/grpc-js';
import type { PlainEndpoint } from '#platform/google/client-options.ts';
import {
  InvalidConfig,
  InvalidRequest,
  SchedulerUnavailable,
  ShuttingDown,
} from '#schemas/problems.ts';
import { checkJobSpec } from '../job-spec.ts';
import type { Job, JobSpec, Scheduler } from '../scheduler.ts';
import { CloudSchedulerApi } from './api.ts';
import { fromWire, type JobSettings, jobName, toWire, type WireJob } from './wire-job.ts';

export interface CloudSchedulerOptions {
  readonly projectId: string;
  readonly location: string;
  /** Origin of the worker that answers `/tasks/{task}`. */
  readonly workerUrl: string;
  /** Audience of the tokens that its calls carry. */
  readonly audience: string;
  /** Account that its calls are made as; of the same project. Who upserts must be allowed to act as it. */
  readonly serviceAccountEmail: string;
  /** A stand-in for Cloud Scheduler. Default: Google's. */
  readonly endpoint?: PlainEndpoint | undefined;
  /** After this long an attempt counts as failed. 15 to 1,800; default 180, Cloud Scheduler's own. */
  readonly attemptDeadlineSeconds?: number;
  /** Beginning of this installation's job names. Default `tributary-`. */
  readonly namePrefix?: string;
  /** Bound of each call to Cloud Scheduler, with its retries. Default 10,000 ms. */
  readonly timeoutMs?: number;
  /** Gets what failed without the caller's being told. */
  readonly onError?: (error: unknown) => void;
}

/** Tells the product's jobs from others of the project; terraform/ uses the same. */
export const NAME_PREFIX = 'tributary-';
/** "The maximum length is 500 characters" (Google's proto). */
const MAX_NAME_LENGTH = 500;
const MAX_ROUNDS = 3;
const FIRST_LOOK_MS = 50;

/**
 * Opens the scheduler that keeps its jobs in Cloud Scheduler. It waits for nothing.
 *
 * Other than in process: `run` starts a second run beside one under way, and returns once Cloud
 * Scheduler shows the attempt, or after `timeoutMs`; waits before retries are whole seconds; and of
 * the last answer no more is known than its kind (attempt-status.ts).
 *
 * @throws InvalidConfig when the deadline of attempts is out of Cloud Scheduler's bounds
 */
export async function openCloudScheduler(options: CloudSchedulerOptions): Promise<Scheduler> {
  const { attemptDeadlineSeconds = 180 } = options;
  if (!(attemptDeadlineSeconds >= 15 && attemptDeadlineSeconds <= 1_800)) {
    throw new InvalidConfig('The deadline of attempts must be 15 to 1,800 seconds.');
  }
  return new CloudScheduler(options, attemptDeadlineSeconds);
}

class CloudScheduler implements Scheduler {
  readonly #api: CloudSchedulerApi;
  readonly #settings: JobSettings;
  readonly #timeoutMs: number;
  readonly #onError: (error: unknown) => void;
  #closed = false;

  constructor(options: CloudSchedulerOptions, attemptDeadlineSeconds: number) {
    const { projectId, location, namePrefix = NAME_PREFIX, timeoutMs = 10_000 } = options;
    const parent = `projects/${projectId}/locations/${location}`;
    this.#api = new CloudSchedulerApi(projectId, parent, options.endpoint, timeoutMs);
    this.#timeoutMs = timeoutMs;
    this.#onError = options.onError ?? (() => undefined);
    this.#settings = {
      parent,
      namePrefix,
      workerUrl: options.workerUrl.replace(/\/+$/, ''),
      audience: options.audience,
      serviceAccountEmail: options.serviceAccountEmail,
      attemptDeadlineSeconds,
    };
  }

  async upsert(spec: JobSpec): Promise<void> {
    this.#refuseClosed();
    checkJobSpec(spec);
    const name = this.#name(spec.name);
    const job = toWire(spec, this.#settings);
    let paused = false;
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const current = await this.#api.act('getJob', name, Code.NOT_FOUND);
      // Remembered, as a failed update takes the place of this state.
      paused ||= current?.state === 'PAUSED';
      const done = current ? await this.#api.update(name, job) : await this.#api.create(job);
      // Null: another process created or deleted it meanwhile.
      if (done === null) continue;
      if (done.state === 'UPDATE_FAILED') {
        this.#onError(new SchedulerUnavailable(`An update of ${name} failed; it is repeated.`));
        continue;
      }
      if (paused && done.state !== 'PAUSED') await this.pause(spec.name);
      return;
    }
    throw new SchedulerUnavailable(
      `Cloud Scheduler failed to update ${name} ${MAX_ROUNDS} times; it may not run until it is updated. Retry shortly.`,
    );
  }

  pause(name: string): Promise<void> {
    return this.#switch('pauseJob', name, 'PAUSED');
  }

  resume(name: string): Promise<void> {
    return this.#switch('resumeJob', name, 'ENABLED');
  }

  async run(name: string): Promise<void> {
    const full = this.#name(name);
    const before = attemptTime(await this.#api.act('getJob', full));
    await this.#api.act('runJob', full);
    // The answer comes before the call is made. Looking for it never fails: it will be made.
    const endMs = performance.now() + this.#timeoutMs;
    for (let waitMs = FIRST_LOOK_MS; performance.now() + waitMs < endMs; waitMs *= 1.5) {
      await delay(waitMs);
      if (this.#closed) return;
      const job = await this.#api.act('getJob', full, Code.NOT_FOUND).catch((error) => {
        this.#onError(error);
        return null;
      });
      if (!job || attemptTime(job) !== before) return;
    }
  }

  async delete(name: string): Promise<void> {
    await this.#api.act('deleteJob', this.#name(name));
  }

  async list(): Promise<Job[]> {
    this.#refuseClosed();
    const jobs = await this.#api.list();
    return jobs.map((job) => fromWire(job, this.#settings)).filter((job) => job !== undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#api.close();
  }

  /** A job must be enabled to be paused and paused to be resumed (Google's proto). */
  async #switch(
    method: 'pauseJob' | 'resumeJob',
    name: string,
    wanted: 'PAUSED' | 'ENABLED',
  ): Promise<void> {
    const full = this.#name(name);
    if (await this.#api.act(method, full, Code.FAILED_PRECONDITION)) return;
    const current = await this.#api.act('getJob', full);
    if (current?.state === wanted) return;
    throw new SchedulerUnavailable(
      `The job ${name} is ${current?.state}, as an update of it failed. Update it again.`,
    );
  }

  #name(name: string): string {
    this.#refuseClosed();
    if (this.#settings.namePrefix.length + name.length > MAX_NAME_LENGTH) {
      throw new InvalidRequest(
        `A job's name has at most ${MAX_NAME_LENGTH} characters, with the prefix ${this.#settings.namePrefix}.`,
      );
    }
    return jobName(this.#settings, name);
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ShuttingDown('The scheduler is closed: the server is stopping.');
  }
}

function attemptTime(job: WireJob | null): string {
  return JSON.stringify(job?.lastAttemptTime ?? null);
}
