import type { TokenIssuer } from '#platform/jwt/testing/token-issuer.ts';
import { nextRunMs, seconds, type WireJob } from './job-checks.ts';

export interface JobRunnerOptions {
  readonly issuer: TokenIssuer;
  /** How long a second of a wait before a retry takes. */
  readonly secondMs: number;
  readonly followRedirects: boolean;
}

/** google.rpc codes of answers, by the table in Google's code.proto. Others are UNKNOWN (2). */
const CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  409: 10,
  429: 8,
  499: 1,
  500: 13,
  501: 12,
  503: 14,
  504: 4,
};

/** Makes the calls of jobs: when they come due, when they are asked for, and again after a failure. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #stopped = new AbortController();
  readonly #scheduled = new Map<WireJob, NodeJS.Timeout>();
  readonly #scheduledRuns = new Map<WireJob, Promise<void>>();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** Follows the job's schedule from now on, in place of what it followed before. */
  schedule(job: WireJob): void {
    this.unschedule(job);
    if (job.state !== 'ENABLED' || this.#stopped.signal.aborted) return;
    const dueMs = nextRunMs(job, Date.now());
    if (dueMs === undefined) return;
    // A timer takes no longer than some 24 days.
    const waitMs = Math.min(dueMs - Date.now(), 86_400_000);
    const timer = setTimeout(() => void this.#wake(job, dueMs), waitMs);
    timer.unref();
    this.#scheduled.set(job, timer);
  }

  unschedule(job: WireJob): void {
    clearTimeout(this.#scheduled.get(job));
    this.#scheduled.delete(job);
  }

  /** Runs the job now, also beside a run under way; retries follow. */
  run(job: WireJob): Promise<void> {
    return this.#run(job, new Date());
  }

  stop(): void {
    this.#stopped.abort();
    for (const job of this.#scheduled.keys()) this.unschedule(job);
  }

  async #wake(job: WireJob, dueMs: number): Promise<void> {
    if (Date.now() >= dueMs) {
      // "Execution n + 1 of a job will not begin until execution n has finished."
      await this.#scheduledRuns.get(job);
      const run = this.#run(job, new Date(dueMs));
      this.#scheduledRuns.set(job, run);
    }
    this.schedule(job);
  }

  async #run(job: WireJob, scheduledAt: Date): Promise<void> {
    const { retryCount = 0, maxDoublings = 5 } = job.retryConfig ?? {};
    const minS = seconds(job.retryConfig?.minBackoffDuration ?? { seconds: 5 });
    const maxS = seconds(job.retryConfig?.maxBackoffDuration ?? { seconds: 3_600 });
    for (let attempt = 0; ; attempt += 1) {
      const code = await this.#attempt(job, scheduledAt);
      if (code === 0 || attempt >= retryCount || this.#stopped.signal.aborted) return;
      const waitS = Math.min(minS * 2 ** Math.min(attempt, maxDoublings), maxS);
      await this.#wait(waitS * this.#options.secondMs);
      if (this.#stopped.signal.aborted) return;
    }
  }

  async #attempt(job: WireJob, scheduledAt: Date): Promise<number> {
    const code = await this.#call(job, scheduledAt);
    const ms = Date.now();
    // When Google writes these is not documented. Here both stand once the answer is known.
    job.lastAttemptTime = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
    job.status = code === 0 ? null : { code };
    return code;
  }

  async #call(job: WireJob, scheduledAt: Date): Promise<number> {
    const { uri = '', httpMethod, headers, body, oidcToken } = job.httpTarget ?? {};
    const deadlineMs = seconds(job.attemptDeadline ?? { seconds: 180 }) * 1000;
    const timeout = AbortSignal.timeout(deadlineMs);
    try {
      const response = await fetch(uri, {
        method: httpMethod === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : (httpMethod ?? 'POST'),
        signal: AbortSignal.any([timeout, this.#stopped.signal]),
        redirect: this.#options.followRedirects ? 'follow' : 'manual',
        headers: {
          ...(body?.length && { 'content-type': 'application/octet-stream' }),
          ...lowerCase(headers ?? {}),
          'user-agent': 'Google-Cloud-Scheduler',
          'x-cloudscheduler': 'true',
          'x-cloudscheduler-jobname': job.name.split('/').at(-1) ?? '',
          'x-cloudscheduler-scheduletime': scheduledAt.toISOString(),
          ...(oidcToken && { authorization: `Bearer ${await this.#token(uri, oidcToken)}` }),
        },
        ...(body?.length && { body: new Uint8Array(body) }),
      });
      await response.body?.cancel();
      return response.ok ? 0 : (CODES[response.status] ?? 2);
    } catch {
      // DEADLINE_EXCEEDED, or UNAVAILABLE for who cannot be reached.
      return timeout.aborted ? 4 : 14;
    }
  }

  #token(uri: string, token: { serviceAccountEmail: string; audience: string }): Promise<string> {
    return this.#options.issuer.sign(token.audience || uri, token.serviceAccountEmail);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#stopped.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
