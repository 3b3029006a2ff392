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
  /** Of a proof. */
  readonly messageId: string | null;
}

export interface GapPage {
  /** Oldest first, each event of a side once. */
  readonly gaps: readonly Gap[];
  /** Everything before this time has been compared, ms since 1970. */
  readonly throughMs: number;
}

interface GapRow {
  readonly side: Gap['side'];
  readonly event_id: string;
  readonly tenant_id: string | null;
  readonly seen_at: string;
  readonly message_id: string | null;
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
  for (const slice of slices(range, settings.sliceMs)) {
    for await (const { gaps, throughMs } of comparePages(warehouse, slice, settings)) {
      for (const gap of gaps) {
        const key = `${gap.side} ${gap.eventId}`;
        if (!page.has(key)) page.set(key, gap);
      }
      if (page.size < PAGE_GAPS) continue;
      yield { gaps: [...page.values()], throughMs };
      page = new Map();
    }
  }
  yield { gaps: [...page.values()], throughMs: range.toMs };
}

/** The gaps of one slice, page by page. */
async function* comparePages(
  warehouse: Warehouse,
  { fromMs, toMs }: TimeRange,
  { nearMs }: ReconcileSettings,
): AsyncGenerator<GapPage> {
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
    const gaps = rows.map(toGap);
    const last = gaps.at(-1);
    if (!last || rows.length < PAGE_GAPS) {
      yield { gaps, throughMs: toMs };
      return;
    }
    yield { gaps, throughMs: last.atMs };
    // BigQuery has microseconds, so a page may begin with what the one before it ended with.
    const stuck = last.atMs === position.atMs && last.eventId === position.eventId;
    position = stuck ? { atMs: last.atMs + 1, eventId: '' } : last;
  }
}

function toGap({ side, event_id, tenant_id, seen_at, message_id }: GapRow): Gap {
  return {
    side,
    eventId: event_id,
    tenantId: tenant_id,
    atMs: Date.parse(seen_at),
    messageId: message_id,
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
