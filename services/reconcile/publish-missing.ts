import type { Bus } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EventTooLarge } from '#schemas/problems.ts';
import { type OutboxRow, rowToEvent } from '../outbox/event-row.ts';
import { publishEvents } from '../outbox/publish-events.ts';
import { inReceiptOrder } from '../outbox/receipt-order.ts';
import { chunksByTime } from './chunks-by-time.ts';
import type { GapLedger, Unusable } from './gap-ledger.ts';
import { iso } from './scan-gaps.ts';

export interface PublishMissingOptions {
  readonly bus: Bus;
  readonly warehouse: Warehouse;
  readonly ledger: GapLedger;
  /** Aborts when another process may be at the same work. */
  readonly signal: AbortSignal;
}

/** An outbox row without proof. */
export interface Unpublished {
  readonly eventId: string;
  readonly tenantId: string;
  /** Time of receipt, ms since 1970. */
  readonly atMs: number;
}

export interface Published {
  readonly republished: number;
  readonly unusable: number;
}

/** Events read and published together; bounds memory. */
const CHUNK_EVENTS = 500;

/**
 * Publishes events of the outbox again, in the order of their receipt. Each counts as an attempt before
 * it is published, so that no crash can make it more than that.
 *
 * @param gaps in order of time
 * @throws BusUnavailable and what else the bus throws; the attempts of what was not published are taken
 *   back
 */
export async function publishMissing(
  gaps: readonly Unpublished[],
  options: PublishMissingOptions,
): Promise<Published> {
  let republished = 0;
  let unusable = 0;
  for (const chunk of chunksByTime(gaps, CHUNK_EVENTS)) {
    const { events, misfits } = await readEvents(chunk, options.warehouse);
    options.signal.throwIfAborted();
    await options.ledger.setAside('publish', misfits);
    const oversize = await carry(chunk, events, options);
    republished += events.length - oversize;
    unusable += misfits.length + oversize;
  }
  return { republished, unusable };
}

async function readEvents(chunk: readonly Unpublished[], warehouse: Warehouse) {
  const times = chunk.map(({ atMs }) => atMs);
  const rows = await warehouse.query<OutboxRow>('outbox-events', {
    from_time: iso(Math.min(...times)),
    to_time: iso(Math.max(...times) + 1),
    event_ids: chunk.map(({ eventId }) => eventId).join(','),
  });
  const events = new Map<string, CanonicalEvent>();
  const misfits: Unusable[] = [];
  for (const row of rows) {
    if (events.has(row.event_id)) continue;
    const event = readRow(row);
    if (event) events.set(row.event_id, event);
    else misfits.push(misfit(row, 'payload_not_json'));
  }
  return { events: inReceiptOrder([...events.values()]), misfits };
}

function readRow(row: OutboxRow): CanonicalEvent | undefined {
  try {
    return rowToEvent(row);
  } catch {
    return undefined;
  }
}

/** @returns how many are too large to be carried, whatever one does */
async function carry(
  chunk: readonly Unpublished[],
  events: readonly CanonicalEvent[],
  { bus, ledger }: PublishMissingOptions,
): Promise<number> {
  if (events.length === 0) return 0;
  const read = new Set(events.map(({ event_id }) => event_id));
  await ledger.countAttempts(chunk.filter(({ eventId }) => read.has(eventId)));
  const publish = (some: readonly CanonicalEvent[]) =>
    publishEvents(bus, some, { carried_again: 'reconcile' });
  try {
    await publish(events);
    return 0;
  } catch (error) {
    if (error instanceof EventTooLarge) return carrySingly(events, publish, ledger);
    await ledger.undoAttempts([...read]);
    throw error;
  }
}

async function carrySingly(
  events: readonly CanonicalEvent[],
  publish: (some: readonly CanonicalEvent[]) => Promise<unknown>,
  ledger: GapLedger,
): Promise<number> {
  const oversize: Unusable[] = [];
  for (const [index, event] of events.entries()) {
    try {
      await publish([event]);
    } catch (error) {
      if (!(error instanceof EventTooLarge)) {
        await ledger.undoAttempts(events.slice(index).map(({ event_id }) => event_id));
        throw error;
      }
      oversize.push(misfit(event, error.code));
    }
  }
  await ledger.setAside('publish', oversize);
  return oversize.length;
}

function misfit(
  event: Pick<OutboxRow, 'event_id' | 'tenant_id' | 'received_at'>,
  reason: string,
): Unusable {
  const { event_id: eventId, tenant_id: tenantId, received_at } = event;
  return { eventId, tenantId, atMs: Date.parse(received_at), reason };
}
