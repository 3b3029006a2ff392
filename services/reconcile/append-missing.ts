import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { InvalidRow } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { eventToRow } from '../outbox/event-row.ts';
import { type CarriedMessage, carriedEvent, namedBy } from './carried-event.ts';
import { chunksByTime, clusters } from './chunks-by-time.ts';
import type { GapLedger, Unusable } from './gap-ledger.ts';
import { type Gap, iso } from './scan-gaps.ts';
import type { ReconcileSettings } from './settings.ts';

export interface AppendMissingOptions {
  readonly warehouse: Warehouse;
  readonly ledger: GapLedger;
  readonly settings: ReconcileSettings;
  /** True finds out what would be appended, and appends nothing. */
  readonly dryRun: boolean;
  /** Aborts when another process may be at the same work. */
  readonly signal: AbortSignal;
}

/** An event that was appended, or would be. */
export interface Appended {
  readonly eventId: string;
  readonly tenantId: string;
}

export interface AppendOutcome {
  readonly appended: readonly Appended[];
  readonly unusable: number;
}

/** Messages read and appended together; bounds memory. */
const CHUNK_MESSAGES = 500;

/**
 * Appends what the bus proves it carried and the outbox lacks, from the messages themselves.
 *
 * @param gaps proofs without an outbox row, in order of time
 * @throws what the warehouse throws; what was appended before stays, and is not found again
 */
export async function appendMissing(
  gaps: readonly Gap[],
  options: AppendMissingOptions,
): Promise<AppendOutcome> {
  const { ledger, warehouse, dryRun, signal } = options;
  const appended: Appended[] = [];
  let unusable = 0;
  for (const chunk of chunksByTime(gaps, CHUNK_MESSAGES)) {
    const { events, misfits } = await readMessages(chunk, options);
    const missing = await withoutStored(events, options);
    signal.throwIfAborted();
    if (!dryRun) {
      misfits.push(...(await append(missing, warehouse)));
      await ledger.setAside('append', misfits);
    }
    const refused = new Set(misfits.map(({ eventId }) => eventId));
    for (const { event_id: eventId, tenant_id: tenantId } of missing)
      if (!refused.has(eventId)) appended.push({ eventId, tenantId });
    unusable += misfits.length;
  }
  return { appended, unusable };
}

interface Carried {
  readonly event: CanonicalEvent;
  readonly publishedAtMs: number;
}

async function readMessages(chunk: readonly Gap[], options: AppendMissingOptions) {
  const { warehouse, settings } = options;
  const wanted = new Map(chunk.map((gap) => [gap.eventId, gap]));
  const misfits = new Map<string, Unusable>();
  const events: Carried[] = [];
  for (const cluster of clusters(chunk, settings.readGapMs)) {
    for (const message of await readCluster(cluster, warehouse)) {
      const { eventId } = namedBy(message);
      const gap = wanted.get(eventId ?? '');
      if (!gap) continue;
      const carried = carriedEvent(message);
      if ('event' in carried) {
        events.push({ event: carried.event, publishedAtMs: gap.atMs });
        // Of several messages of an event one is enough, if it is sound.
        wanted.delete(gap.eventId);
        misfits.delete(gap.eventId);
      } else {
        misfits.set(gap.eventId, { ...gap, tenantId: carried.tenantId, reason: carried.reason });
      }
    }
  }
  return { events, misfits: [...misfits.values()] };
}

function readCluster(cluster: readonly Gap[], warehouse: Warehouse): Promise<CarriedMessage[]> {
  const times = cluster.map(({ atMs }) => atMs);
  return warehouse.query<CarriedMessage>('published-messages', {
    from_time: iso(Math.min(...times)),
    to_time: iso(Math.max(...times) + 1),
    event_ids: cluster.map(({ eventId }) => eventId).join(','),
  });
}

/** Events that waited long before they were published have their row, if any, far from the proof. */
async function withoutStored(
  carried: readonly Carried[],
  { warehouse, settings }: AppendMissingOptions,
): Promise<CanonicalEvent[]> {
  const isFar = ({ event, publishedAtMs }: Carried) =>
    Math.abs(publishedAtMs - Date.parse(event.received_at)) >= settings.nearMs;
  const far = carried.filter(isFar).map(({ event }) => event);
  const stored = new Set<string>();
  if (far.length > 0) {
    const times = far.map(({ received_at }) => Date.parse(received_at));
    const rows = await warehouse.query<{ event_id: string }>('outbox-events', {
      from_time: iso(Math.min(...times)),
      to_time: iso(Math.max(...times) + 1),
      event_ids: far.map(({ event_id }) => event_id).join(','),
    });
    for (const { event_id } of rows) stored.add(event_id);
  }
  return carried.map(({ event }) => event).filter(({ event_id }) => !stored.has(event_id));
}

/** @returns what fits no row, whatever one does */
async function append(
  events: readonly CanonicalEvent[],
  warehouse: Warehouse,
): Promise<Unusable[]> {
  if (events.length === 0) return [];
  const store = (rows: readonly Row[]) => warehouse.append(OUTBOX.name, rows);
  try {
    await store(events.map(eventToRow));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRow)) throw error;
  }
  const misfits: Unusable[] = [];
  for (const event of events) {
    try {
      await store([eventToRow(event)]);
    } catch (error) {
      if (!(error instanceof InvalidRow)) throw error;
      const { event_id: eventId, tenant_id: tenantId, received_at } = event;
      misfits.push({ eventId, tenantId, atMs: Date.parse(received_at), reason: error.code });
    }
  }
  return misfits;
}
