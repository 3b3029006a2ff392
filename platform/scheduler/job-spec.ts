import { Cron } from 'croner';
import { z } from 'zod';
import { InvalidRequest } from '#schemas/problems.ts';
import type { JobSpec } from './scheduler.ts';

/** What one field of a schedule may hold: what all cron dialects share, no `@daily`, L, W, # or ?. */
const FIELD = /^(?:(?:\*|\d{1,2}|[a-z]{3})(?:-(?:\d{1,2}|[a-z]{3}))?(?:\/\d{1,2})?(?:,(?!$)|$))+$/i;

const jobSpecSchema = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,500}$/, 'letters, digits, "_" and "-" only'),
    schedule: z
      .string()
      .refine(isFiveFields, 'a cron expression of five fields is expected, such as "*/5 * * * *"'),
    timeZone: z.string().refine(isTimeZone, 'not a known IANA time zone').optional(),
    task: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'letters, digits, "_" and "-" only'),
    body: z
      .record(z.string(), z.unknown())
      .refine(isJson, 'not all of it can be written as JSON')
      .optional(),
    // Cloud Scheduler's bounds: retryCount 0 to 5, maxBackoffDuration 1 h (job.proto).
    maxRetries: z.int().min(0).max(5).optional(),
    minBackoffMs: z.int().min(1).max(3_600_000).optional(),
  })
  .refine((spec) => nextRunMs(spec, 0) !== undefined, {
    path: ['schedule'],
    message: 'it never comes due',
  });

/** @throws InvalidRequest naming every fault of the specification */
export function checkJobSpec(spec: JobSpec): void {
  const parsed = jobSpecSchema.safeParse(spec);
  if (parsed.success) return;
  const faults = parsed.error.issues.map(({ path, message }) => ({
    pointer: `/${path.join('/')}`,
    message,
  }));
  const list = faults.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ');
  throw new InvalidRequest(`The job is not valid: ${list}.`, { faults });
}

/**
 * When a schedule comes due next.
 *
 * @returns the first instant after `afterMs`, or undefined when there is none
 */
export function nextRunMs(
  { schedule, timeZone = 'UTC' }: Pick<JobSpec, 'schedule' | 'timeZone'>,
  afterMs: number,
): number | undefined {
  try {
    const cron = new Cron(schedule, { mode: '5-part', timezone: timeZone, paused: true });
    return cron.nextRun(new Date(afterMs))?.getTime();
  } catch {
    return undefined;
  }
}

function isFiveFields(schedule: string): boolean {
  const fields = schedule.split(' ');
  return fields.length === 5 && fields.every((field) => FIELD.test(field));
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function isJson(body: unknown): boolean {
  try {
    return JSON.stringify(body) !== undefined;
  } catch {
    return false;
  }
}
