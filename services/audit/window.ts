import { InvalidRequest } from '#schemas/problems.ts';
import type { AuditState } from './audit-report.ts';

export const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_RANGE_MS = 31 * 24 * HOUR_MS;

/** Whole minutes that are audited, in milliseconds since 1970. */
export interface AuditWindow {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** What was received in minutes that ended by then should be everywhere. */
  readonly settledBeforeMs: number;
}

export interface AuditRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly graceMinutes: number;
}

/**
 * The minutes a range touches, up to the one under way. Default the last hour.
 *
 * @throws InvalidRequest when it has no length, is longer than 31 days, or lies in the future
 */
export function auditWindow({ from, to, graceMinutes }: AuditRange, nowMs: number): AuditWindow {
  const untilMs = to === undefined ? nowMs : Date.parse(to);
  const sinceMs = from === undefined ? untilMs - HOUR_MS : Date.parse(from);
  if (sinceMs >= untilMs) throw new InvalidRequest('from must lie before to.');
  if (untilMs - sinceMs > MAX_RANGE_MS) {
    throw new InvalidRequest('The range is longer than 31 days. Audit it in parts.');
  }
  if (sinceMs > nowMs) throw new InvalidRequest('from lies in the future.');
  const ceiling = (ms: number) => Math.ceil(ms / MINUTE_MS) * MINUTE_MS;
  return {
    fromMs: Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS,
    toMs: Math.min(ceiling(untilMs), ceiling(nowMs + 1)),
    settledBeforeMs: nowMs - graceMinutes * MINUTE_MS,
  };
}

/** What is missing in a minute may still be on its way for as long as the grace lasts. */
export function stateAt(minuteMs: number, { settledBeforeMs }: AuditWindow): AuditState {
  return minuteMs + MINUTE_MS <= settledBeforeMs ? 'missing' : 'healing';
}

/** Beginning of the minute of an instant, in milliseconds since 1970. */
export function minuteOf(instant: string | Date): number {
  const ms = typeof instant === 'string' ? Date.parse(instant) : instant.getTime();
  return ms - (ms % MINUTE_MS);
}

export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}
