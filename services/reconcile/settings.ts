import type { Config } from '#platform/config/config.ts';

/** What differs between a laptop and Google Cloud, in milliseconds. */
export interface ReconcileSettings {
  /** How long after receipt a proof may take to be there, and an outbox row after publishing. */
  readonly graceMs: number;
  /** Longest part of a window that is compared at once; a part never crosses a multiple of it. */
  readonly sliceMs: number;
  /** How far receipt and publishing of an event usually lie apart. What lies further apart is looked up. */
  readonly nearMs: number;
  /** Messages that lie further apart than this are read by a query each: reading over them costs more. */
  readonly readGapMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const SETTINGS: Readonly<Record<Config['platform'], ReconcileSettings>> = {
  // Some 100,000 events of a busy laptop are joined within the memory DuckDB has.
  embedded: {
    graceMs: 10 * SECOND_MS,
    sliceMs: 20 * MINUTE_MS,
    nearMs: 10 * SECOND_MS,
    readGapMs: 10 * SECOND_MS,
  },
  // A day is a partition of BigQuery: less is not read for less.
  gcp: { graceMs: 5 * MINUTE_MS, sliceMs: DAY_MS, nearMs: 10 * MINUTE_MS, readGapMs: DAY_MS },
};

/** The platform's settings, with the grace of this installation where it has one. */
export function reconcileSettings({
  platform,
  reconcileGraceMs,
}: Pick<Config, 'platform'> & Partial<Pick<Config, 'reconcileGraceMs'>>): ReconcileSettings {
  const settings = SETTINGS[platform];
  return { ...settings, graceMs: reconcileGraceMs ?? settings.graceMs };
}

/** What was compared is compared again for so long: rows may be appended that much later. */
export const OVERLAP_MS = HOUR_MS;
/** How far the daily run looks back. */
export const DEEP_MS = 3 * DAY_MS;
/** Proofs are kept for 90 days; this leaves room for the days at both ends. */
export const PROOFS_KEPT_MS = 80 * DAY_MS;
/** Gaps that are handled together; bounds memory and the size of a query's parameter. */
export const PAGE_GAPS = 10_000;
/** Most events a run publishes again, and most it appends. */
export const RUN_EVENTS = 50_000;
/** Events that are published to find out whether proof comes back. */
export const PROBE_EVENTS = 100;
/** How often an event is published again before it is given up. */
export const MAX_ATTEMPTS = 3;
/** A run starts nothing new after this time; the next one goes on. */
export const RUN_BUDGET_MS = 4 * MINUTE_MS;
