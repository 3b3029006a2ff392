import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { Unpublished } from './publish-missing.ts';
import type { GapPage } from './scan-gaps.ts';
import { HOUR_MS, type ReconcileSettings } from './settings.ts';
import { provenEvents } from './verify-carried.ts';
import type { TimeRange } from './windows.ts';

export interface LookUpOptions {
  /** Where the gaps were found, */
  readonly page: GapPage;
  /** and in which range. */
  readonly range: TimeRange;
  readonly warehouse: Warehouse;
  readonly settings: ReconcileSettings;
}

/**
 * Those of the gaps that have no proof anywhere, also not far from their receipt: an event may be
 * published long after it was received, and before it where a clock was set back.
 */
export async function withoutProof(
  gaps: readonly Unpublished[],
  options: LookUpOptions,
): Promise<Unpublished[]> {
  if (gaps.length === 0) return [];
  const proven = await provenAnywhere(gaps, options);
  return gaps.filter(({ eventId }) => !proven.has(eventId));
}

async function provenAnywhere(
  gaps: readonly Unpublished[],
  { page, range, warehouse, settings }: LookUpOptions,
): Promise<Set<string>> {
  const ids = gaps.map(({ eventId }) => eventId);
  const fromMs = Math.min(...gaps.map(({ atMs }) => atMs)) - HOUR_MS;
  const isLong = range.toMs - range.fromMs > settings.sliceMs;
  if (!isLong || !page.isWhole || page.hasLateProofs) {
    return provenEvents(warehouse, ids, { fromMs });
  }
  // Whatever lies in the range without its row nearby was seen: only the rest is read.
  const isEarly = fromMs < range.fromMs;
  const before = isEarly
    ? await provenEvents(warehouse, ids, { fromMs, toMs: range.fromMs })
    : new Set<string>();
  const after = await provenEvents(warehouse, ids, { fromMs: range.toMs });
  const within = page.gaps.filter(({ side }) => side === 'proof').map(({ eventId }) => eventId);
  return new Set([...before, ...after, ...within]);
}
