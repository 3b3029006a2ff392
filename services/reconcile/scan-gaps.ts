import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { PAGE_GAPS, type ReconcileSettings } from './settings.ts';
import { slices, type TimeRange } from './windows.ts';

/** An event that one side has and the other lacks. */
export interface Gap {
  /** Which side has it. */
  readonly side: 'outbox' | 'proof';
  readonly eventId: string;
  /** Of an outbox row; a proof's is in its message. */
  readonly tenantId: string | null;
  /** Time of receipt of an outbox row, of publishing of a proof; ms since 1970. */
  readonly atMs: number;
}

export interface GapPage {
  /** Oldest first, each event of a side once. */
  readonly gaps: readonly Gap[];
  /** Everything before this time has been compared, ms since 1970. */
  readonly throughMs: number;
  /** True when this page is all there is in the range. */
  readonly isWhole: boolean;
  /** True when messages that were carried again lie far from their rows, and may prove gaps. */
  readonly hasLateProofs: boolean;
}

interface GapRow {
  readonly side: Gap['side'] | 'late';
  readonly event_id: string;
  readonly tenant_id: string | null;
  readonly seen_at: string;
}

/**
 * Compares outbox and proofs over a range, slice by slice, and gives what one side lacks in pages of
 * some PAGE_GAPS. What is found may still have its counterpart further away in time than
 * `settings.nearMs`: that is for the caller to look up.
 *
 * @throws what the warehouse throws
 */
export async function* scanGaps(
  warehouse: Warehouse,
  range: TimeRange,
  settings: ReconcileSettings,
): AsyncGenerator<GapPage> {
  let page = new Map<string, Gap>();
  let isWhole = true;
  let hasLateProofs = false;
  for (const slice of slices(range, settings.sliceMs)) {
    for await (const part of comparePages(warehouse, slice, settings)) {
      hasLateProofs ||= part.hasLateProofs;
      for (const gap of part.gaps) {
        const key = `${gap.side} ${gap.eventId}`;
        if (!page.has(key)) page.set(key, gap);
      }
      if (page.size < PAGE_GAPS) continue;
      isWhole = false;
      yield { gaps: [...page.values()], throughMs: part.throughMs, isWhole, hasLateProofs };
      page = new Map();
    }
  }
  yield { gaps: [...page.values()], throughMs: range.toMs, isWhole, hasLateProofs };
}

/** The gaps of one slice, page by page. */
async function* comparePages(
  warehouse: Warehouse,
  { fromMs, toMs }: TimeRange,
  { nearMs }: ReconcileSettings,
): AsyncGenerator<Omit<GapPage, 'isWhole'>> {
  let position = { atMs: fromMs, eventId: '' };
  for (;;) {
    const rows = await warehouse.query<GapRow>('reconcile-gaps', {
      from_time: iso(position.atMs),
      to_time: iso(toMs),
      near_from: iso(fromMs - nearMs),
      near_to: iso(toMs + nearMs),
      after_event_id: position.eventId,
      row_limit: PAGE_GAPS,
    });
    const gaps = rows.flatMap(toGap);
    const hasLateProofs = gaps.length < rows.length;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE_GAPS) {
      yield { gaps, throughMs: toMs, hasLateProofs };
      return;
    }
    const next = { atMs: Date.parse(last.seen_at), eventId: last.event_id };
    yield { gaps, throughMs: next.atMs, hasLateProofs };
    // BigQuery has microseconds, so a page may begin with what the one before it ended with.
    const isStuck = next.atMs === position.atMs && next.eventId === position.eventId;
    position = isStuck ? { atMs: next.atMs + 1, eventId: '' } : next;
  }
}

function toGap({ side, event_id, tenant_id, seen_at }: GapRow): Gap[] {
  if (side === 'late') return [];
  const atMs = Date.parse(seen_at);
  return [{ side, eventId: event_id, tenantId: tenant_id, atMs }];
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
