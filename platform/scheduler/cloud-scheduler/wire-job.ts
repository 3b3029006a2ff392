import type { Job, JobSpec } from '../scheduler.ts';
import { attemptStatus } from './attempt-status.ts';

/** What all jobs of one scheduler have in common. */
export interface JobSettings {
  /** `projects/P/locations/L`. */
  readonly parent: string;
  readonly namePrefix: string;
  /** Origin of the worker, with the path before `/tasks`, if any; no slash at its end. */
  readonly workerUrl: string;
  readonly audience: string;
  readonly serviceAccountEmail: string;
  readonly attemptDeadlineSeconds: number;
}

interface Duration {
  readonly seconds?: unknown;
  readonly nanos?: number;
}

/** The fields of google.cloud.scheduler.v1.Job that we use, as Google's client has them. */
export interface WireJob {
  readonly name?: string;
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly state?: string;
  readonly status?: { readonly code?: number } | null;
  readonly lastAttemptTime?: Duration | null;
  readonly httpTarget?: { readonly uri?: string; readonly body?: Uint8Array | string } | null;
  readonly retryConfig?: {
    readonly retryCount?: number;
    readonly minBackoffDuration?: Duration | null;
  } | null;
}

/** The fields that an upsert sets, named as in the protocol. */
export const UPDATE_MASK = {
  paths: ['schedule', 'time_zone', 'http_target', 'retry_config', 'attempt_deadline'],
};

const DEFAULT_TIME_ZONE = 'Etc/UTC';
const DEFAULT_MAX_RETRIES = 3;
const DEFAULT_MIN_BACKOFF_MS = 5_000;

export function jobName({ parent, namePrefix }: JobSettings, name: string): string {
  return `${parent}/jobs/${namePrefix}${name}`;
}

/**
 * A job as Cloud Scheduler takes it. Its waits are whole seconds: `minBackoffMs` is rounded up, so
 * that no retry comes sooner than was asked for.
 */
export function toWire(spec: JobSpec, settings: JobSettings): object {
  const { workerUrl, audience, serviceAccountEmail, attemptDeadlineSeconds } = settings;
  const { maxRetries = DEFAULT_MAX_RETRIES, minBackoffMs = DEFAULT_MIN_BACKOFF_MS } = spec;
  return {
    name: jobName(settings, spec.name),
    schedule: spec.schedule,
    timeZone: spec.timeZone ?? DEFAULT_TIME_ZONE,
    httpTarget: {
      uri: `${workerUrl}/tasks/${spec.task}`,
      httpMethod: 'POST',
      // Without it the body is sent as application/octet-stream.
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from(JSON.stringify(spec.body ?? {})),
      oidcToken: { serviceAccountEmail, audience },
    },
    retryConfig: {
      retryCount: maxRetries,
      minBackoffDuration: { seconds: Math.ceil(minBackoffMs / 1000) },
      // Google's defaults, written out so that an update brings them back.
      maxBackoffDuration: { seconds: 3_600 },
      maxDoublings: 5,
    },
    attemptDeadline: { seconds: attemptDeadlineSeconds },
  };
}

/** @returns undefined for a job that is none of ours: by its name, or by what it calls */
export function fromWire(job: WireJob, settings: JobSettings): Job | undefined {
  const start = jobName(settings, '');
  const tasks = `${settings.workerUrl}/tasks/`;
  const { name = '', httpTarget, retryConfig, lastAttemptTime } = job;
  if (!name.startsWith(start) || !httpTarget?.uri?.startsWith(tasks)) return undefined;
  const body = parseBody(httpTarget.body);
  return {
    name: name.slice(start.length),
    schedule: job.schedule ?? '',
    timeZone: job.timeZone || DEFAULT_TIME_ZONE,
    task: httpTarget.uri.slice(tasks.length),
    ...(body && { body }),
    maxRetries: retryConfig?.retryCount ?? 0,
    minBackoffMs: milliseconds(retryConfig?.minBackoffDuration) ?? DEFAULT_MIN_BACKOFF_MS,
    // UPDATE_FAILED and DISABLED do not run by the clock either.
    state: job.state === 'ENABLED' ? 'enabled' : 'paused',
    ...(lastAttemptTime && {
      lastAttempt: {
        atMs: milliseconds(lastAttemptTime) ?? 0,
        status: attemptStatus(job.status?.code),
      },
    }),
  };
}

function parseBody(body: Uint8Array | string | undefined): Job['body'] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body ?? '').toString());
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Someone else wrote it. The job is listed without it.
  }
  return undefined;
}

function milliseconds(duration: Duration | null | undefined): number | undefined {
  if (!duration) return undefined;
  return Number(duration.seconds ?? 0) * 1000 + Math.floor((duration.nanos ?? 0) / 1e6);
}
