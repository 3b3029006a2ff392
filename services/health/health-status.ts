import type { ConnectionStatus } from '../connections/connection.ts';
import type { Circuit } from './circuit.ts';
import { FAILING_AFTER } from './record-check.ts';

export const HEALTH_STATUSES = ['healthy', 'degraded', 'failing', 'unknown'] as const;

export interface Health {
  readonly status: (typeof HEALTH_STATUSES)[number];
  /** Why, in words; empty when it is healthy. */
  readonly reason: string;
}

/** What the health of a connection is told from. */
export interface HealthFacts {
  readonly nowMs: number;
  readonly status: ConnectionStatus;
  readonly statusReason: string | null;
  readonly statusDetail: string | null;
  readonly isDisconnected: boolean;
  readonly circuit: Circuit;
  readonly nextCheckAtMs: number | null;
  readonly lastCheckAtMs: number | null;
  /** Null with a time of the last check: there was nothing to check by. */
  readonly lastOutcome: 'ok' | 'failed' | null;
  /** Of the last failed check. */
  readonly lastCode: string | null;
  /** Of the latest checks, as many as make a connection failing; 0 where the last one succeeded. */
  readonly latestFailed: number;
  /** Both 0 where none failed. */
  readonly lastHour: { readonly checks: number; readonly failed: number };
}

/** The task looks once a minute: a check that is overdue for longer is not made at all. */
const OVERDUE_MS = 10 * 60_000;

/** How well a connection is, and why. */
export function healthOf(facts: HealthFacts): Health {
  const { lastHour, lastOutcome } = facts;
  const unknown = whyUnknown(facts);
  if (unknown !== undefined) return { status: 'unknown', reason: unknown };
  const failing = whyFailing(facts);
  if (failing !== undefined) return { status: 'failing', reason: failing };
  if (lastOutcome === 'failed') {
    return { status: 'degraded', reason: `The last check failed: ${facts.lastCode}.` };
  }
  if (lastHour.failed === 0) return { status: 'healthy', reason: '' };
  const reason = `${lastHour.failed} of ${lastHour.checks} checks in the last hour failed.`;
  return { status: 'degraded', reason };
}

function whyUnknown(facts: HealthFacts): string | undefined {
  const { lastCheckAtMs, nextCheckAtMs, nowMs } = facts;
  if (facts.isDisconnected) return 'The connection is disconnected.';
  if (facts.status === 'inactive') return 'The connection is disabled.';
  // Whatever checks say: others know better why it is in error.
  if (isInError(facts)) return undefined;
  if (lastCheckAtMs === null) return 'There has been no check yet.';
  if (nextCheckAtMs !== null && nowMs - nextCheckAtMs > OVERDUE_MS) {
    const minutes = Math.floor((nowMs - nextCheckAtMs) / 60_000);
    return `A check has been due for ${minutes} min. See whether the worker runs.`;
  }
  if (facts.lastOutcome !== null) return undefined;
  return 'There is nothing to check by: the provider has no API for it, or the connection no credentials.';
}

function whyFailing(facts: HealthFacts): string | undefined {
  if (isInError(facts)) {
    return facts.statusDetail ?? `The connection is in error: ${facts.statusReason}.`;
  }
  const { circuit } = facts;
  if (circuit.state !== 'closed') {
    return `The provider did not answer ${circuit.failuresInARow} times in a row.`;
  }
  if (facts.latestFailed < FAILING_AFTER) return undefined;
  return `The last ${FAILING_AFTER} checks failed: ${facts.lastCode}.`;
}

function isInError({ status, statusReason }: HealthFacts): boolean {
  return status === 'error' && statusReason !== 'health';
}
