import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CarriedGap, GapLedger } from './gap-ledger.ts';
import type { Awaited } from './proof-state.ts';
import { iso } from './scan-gaps.ts';
import { HOUR_MS, MAX_ATTEMPTS } from './settings.ts';
import type { TimeRange } from './windows.ts';

/** What became of the events that were published again earlier. */
export interface Verified {
  readonly awaited: readonly Awaited[];
  readonly proven: number;
  /** Events that are given up: their attempts are used up. */
  readonly unproven: number;
  /** Events that may be published once more, in order of receipt. */
  readonly overdue: readonly CarriedGap[];
}

/** Ids in one parameter of a query. */
const IDS = 5_000;
const GIVEN_UP_LOOKED_AT = 5_000;

/**
 * Looks for the proof of the events that were published again earlier: forgets those that have it, and
 * gives up those that were published as often as they may be.
 *
 * @param graceMs how long proof may take
 */
export async function verifyCarried(
  warehouse: Warehouse,
  ledger: GapLedger,
  graceMs: number,
): Promise<Verified> {
  const carried = await ledger.carried(graceMs);
  if (carried.length === 0) return { awaited: [], proven: 0, unproven: 0, overdue: [] };
  const sinceMs = Math.min(...carried.map(({ attemptedAtMs }) => attemptedAtMs));
  const ids = carried.map(({ eventId }) => eventId);
  const proven = await provenEvents(warehouse, ids, { fromMs: sinceMs - HOUR_MS });
  const isProven = ({ eventId }: CarriedGap) => proven.has(eventId);
  const isOverdue = (gap: CarriedGap) => gap.overdue && !isProven(gap);
  const isUsedUp = (gap: CarriedGap) => isOverdue(gap) && gap.attempts >= MAX_ATTEMPTS;
  const usedUp = carried.filter(isUsedUp);
  await ledger.settle([...proven]);
  await ledger.giveUp(usedUp.map(({ eventId }) => eventId));
  return {
    awaited: carried.map((gap) => ({
      attemptedAtMs: gap.attemptedAtMs,
      proof: isProven(gap) ? 'proven' : gap.overdue ? 'overdue' : 'waiting',
    })),
    proven: proven.size,
    unproven: usedUp.length,
    overdue: carried
      .filter((gap) => isOverdue(gap) && !isUsedUp(gap))
      .toSorted((a, b) => a.atMs - b.atMs),
  };
}

/** Looks once more for the proof of what was given up. */
export async function verifyGivenUp(warehouse: Warehouse, ledger: GapLedger): Promise<void> {
  const givenUp = await ledger.givenUp(GIVEN_UP_LOOKED_AT);
  if (givenUp.length === 0) return;
  const fromMs = Math.min(...givenUp.map(({ atMs }) => atMs)) - HOUR_MS;
  const ids = givenUp.map(({ eventId }) => eventId);
  await ledger.settle([...(await provenEvents(warehouse, ids, { fromMs }))]);
}

/** Which of the events have proof that was published in a range. Its end is by default the present. */
export async function provenEvents(
  warehouse: Warehouse,
  eventIds: readonly string[],
  // Clocks differ.
  { fromMs, toMs = Date.now() + HOUR_MS }: Partial<TimeRange> & Pick<TimeRange, 'fromMs'>,
): Promise<Set<string>> {
  const proven = new Set<string>();
  for (let start = 0; start < eventIds.length; start += IDS) {
    const rows = await warehouse.query<{ event_id: string }>('proven-events', {
      from_time: iso(fromMs),
      to_time: iso(toMs),
      event_ids: eventIds.slice(start, start + IDS).join(','),
    });
    for (const { event_id } of rows) proven.add(event_id);
  }
  return proven;
}

/** When the newest message of which there is proof was published, ms since 1970. */
export async function newestProofMs(
  warehouse: Warehouse,
  fromMs: number,
): Promise<number | undefined> {
  const [row] = await warehouse.query<{ published_at: string | null }>('newest-proof', {
    from_time: iso(fromMs),
    to_time: iso(Date.now() + HOUR_MS),
  });
  return row?.published_at ? Date.parse(row.published_at) : undefined;
}
