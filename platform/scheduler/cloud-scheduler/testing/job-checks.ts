import { status as Code } from '@grpc/grpc-js';
import { Cron } from 'croner';
import { GrpcStatus } from '#platform/testing/grpc-status.ts';

export interface Duration {
  readonly seconds?: string | number;
  readonly nanos?: number;
}

/** google.cloud.scheduler.v1.Job, as the protocol's loader gives it. */
export interface WireJob {
  name: string;
  schedule: string;
  timeZone: string;
  state: 'ENABLED' | 'PAUSED' | 'UPDATE_FAILED';
  status: { code: number } | null;
  lastAttemptTime: Duration | null;
  httpTarget?: {
    readonly uri: string;
    readonly httpMethod: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer;
    readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience: string };
  } | null;
  retryConfig: {
    readonly retryCount: number;
    readonly minBackoffDuration: Duration | null;
    readonly maxBackoffDuration: Duration | null;
    readonly maxDoublings: number;
  } | null;
  attemptDeadline: Duration | null;
}

const MAX_JOB_BYTES = 1_000_000;
const MAX_URI_LENGTH = 2_083;
const BODY_METHODS = new Set(['HTTP_METHOD_UNSPECIFIED', 'POST', 'PUT', 'PATCH']);

/** What Google's proto says of a job with an HTTP target. @throws GrpcStatus INVALID_ARGUMENT */
export function checkJob(job: WireJob, projectId: string): void {
  const { httpTarget, retryConfig, attemptDeadline } = job;
  refuseUnless(isSchedule(job.schedule, job.timeZone), 'Schedule or time zone is invalid.');
  if (!httpTarget) throw invalid('Job must have a target; here only HTTP targets are known.');
  const { uri, httpMethod, body, oidcToken } = httpTarget;
  refuseUnless(
    /^https?:\/\//.test(uri) && URL.canParse(uri) && uri.length <= MAX_URI_LENGTH,
    'HttpTarget.uri must begin with http:// or https:// and be valid.',
  );
  refuseUnless(
    body.length === 0 || BODY_METHODS.has(httpMethod),
    `HttpTarget.body is not allowed for ${httpMethod}.`,
  );
  refuseUnless(body.length <= MAX_JOB_BYTES, 'The job is larger than 1MB.');
  const email = oidcToken?.serviceAccountEmail ?? '';
  refuseUnless(
    !oidcToken || email.endsWith(`@${projectId}.iam.gserviceaccount.com`),
    "OidcToken.service_account_email must be an account of the job's project.",
  );
  const deadlineS = attemptDeadline ? seconds(attemptDeadline) : 180;
  refuseUnless(deadlineS >= 15 && deadlineS <= 1_800, 'attempt_deadline must be in [15s, 30m].');
  if (!retryConfig) return;
  const { retryCount, minBackoffDuration, maxBackoffDuration, maxDoublings } = retryConfig;
  refuseUnless(retryCount >= 0 && retryCount <= 5, 'retry_count must be in [0, 5].');
  refuseUnless(maxDoublings >= 0, 'max_doublings must not be negative.');
  const minS = minBackoffDuration ? seconds(minBackoffDuration) : 5;
  const maxS = maxBackoffDuration ? seconds(maxBackoffDuration) : 3_600;
  refuseUnless(minS >= 0 && minS <= maxS, 'min_backoff_duration exceeds max_backoff_duration.');
}

/** @param fields of the message, named as in the protocol @throws GrpcStatus INVALID_ARGUMENT */
export function checkMask(paths: readonly string[], fields: ReadonlySet<string>): void {
  refuseUnless(paths.length > 0, 'update_mask is empty.');
  for (const path of paths) refuseUnless(fields.has(path), `update_mask: no such field ${path}.`);
}

export function seconds({ seconds: whole = 0, nanos = 0 }: Duration): number {
  return Number(whole) + nanos / 1e9;
}

/** When a schedule comes due next, in milliseconds; undefined for none. */
export function nextRunMs({ schedule, timeZone }: WireJob, afterMs: number): number | undefined {
  const cron = new Cron(schedule, { mode: '5-part', timezone: timeZone || 'UTC', paused: true });
  return cron.nextRun(new Date(afterMs))?.getTime();
}

function isSchedule(schedule: string, timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timeZone || 'UTC' });
    new Cron(schedule, { mode: '5-part', paused: true });
    return /^\S+( \S+){4}$/.test(schedule);
  } catch {
    return false;
  }
}

export function refuseUnless(fine: boolean, details: string): void {
  if (!fine) throw invalid(details);
}

function invalid(details: string): GrpcStatus {
  return new GrpcStatus(Code.INVALID_ARGUMENT, details);
}
