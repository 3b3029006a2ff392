import { InvalidRequest } from '#schemas/problems.ts';
import type { ProofState } from './proof-state.ts';
import { DAY_MS, DEEP_MS, OVERLAP_MS, PROOFS_KEPT_MS, type ReconcileSettings } from './settings.ts';
import type { RecentRuns, ReconcileProgress, RunKind } from './store.ts';
import { compareFrom, type TimeRange } from './windows.ts';

export interface RunRange extends TimeRange {
  /** Whether the watermarks move with it. */
  readonly advances: boolean;
}

export interface RangeInput {
  readonly kind: RunKind;
  readonly progress: ReconcileProgress;
  readonly recent: RecentRuns;
  readonly settings: ReconcileSettings;
  /** Consumers know for so long which events they processed. */
  readonly ledgerDays: number;
  readonly nowMs: number;
}

/**
 * The earliest time that may be compared, ms since 1970. Before it proofs are incomplete or dropped, or
 * consumers may have forgotten that they processed an event, and would do so again.
 */
export function notBeforeMs({ progress, ledgerDays, nowMs }: RangeInput): number {
  const keptMs = Math.min((ledgerDays - 1) * DAY_MS, PROOFS_KEPT_MS);
  return Math.max(progress.sinceMs, nowMs - keptMs);
}

/**
 * What a run compares.
 *
 * @param mayPublish false where the run may publish nothing: then a growing range is not read in vain
 */
export function automaticRange(
  input: RangeInput,
  state: ProofState,
  mayPublish: boolean,
): RunRange {
  const { kind, progress, recent, settings, nowMs } = input;
  const firstMs = notBeforeMs(input);
  const published = {
    throughMs: progress.publishedThroughMs,
    recentThroughMs: recent.publishedThroughMs,
  };
  const appended = {
    throughMs: progress.appendedThroughMs,
    recentThroughMs: recent.appendedThroughMs,
  };
  const dueMs = Math.min(compareFrom(published, firstMs), compareFrom(appended, firstMs));
  const toMs = nowMs - settings.graceMs;
  if (state.name !== 'running' && !mayPublish) {
    return { fromMs: Math.max(dueMs, nowMs - 2 * OVERLAP_MS), toMs, advances: false };
  }
  const deepMs = kind === 'deep' ? Math.max(firstMs, nowMs - DEEP_MS) : dueMs;
  return { fromMs: Math.min(dueMs, deepMs), toMs, advances: true };
}

/**
 * What an operator asked for.
 *
 * @throws InvalidRequest when that cannot be compared
 */
export function requestedRange(
  input: RangeInput,
  asked: { readonly fromMs: number | undefined; readonly toMs: number | undefined },
): RunRange {
  const firstMs = notBeforeMs(input);
  const lastMs = input.nowMs - input.settings.graceMs;
  const fromMs = asked.fromMs ?? firstMs;
  const toMs = Math.min(asked.toMs ?? lastMs, lastMs);
  if (fromMs < firstMs) {
    const first = new Date(firstMs).toISOString();
    throw new InvalidRequest(
      `Events can be reconciled from ${first} on: before that, proofs are not complete or consumers no longer know what they processed. Ask for a later time; older events can be replayed.`,
      { faults: [{ pointer: '/from', message: `must not be before ${first}` }] },
    );
  }
  if (fromMs >= toMs) {
    throw new InvalidRequest('The range is empty: from must be before to, and in the past.', {
      faults: [{ pointer: '/to', message: 'must be after from' }],
    });
  }
  return { fromMs, toMs, advances: false };
}
