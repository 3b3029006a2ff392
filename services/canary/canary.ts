import type { Bus, Subscription } from '#platform/bus/bus.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import type { ConnectionStore } from '../connections/store.ts';
import type { Outbox } from '../outbox/open-outbox.ts';
import { CANARY_EVENT_TYPE, canaryEvent } from './canary-event.ts';
import type { CanaryStore } from './canary-store.ts';

/** The subscription that canaries end at. */
export const CANARY_SUBSCRIPTION = 'canary';

export interface CanaryOptions {
  readonly canaries: CanaryStore;
  readonly connections: Pick<ConnectionStore, 'all'>;
  readonly outbox: () => Promise<Outbox>;
  readonly warehouse: Warehouse;
  readonly intervalMinutes: number;
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number;
}

const MINUTE_MS = 60_000;
/** Passages are looked for this long before the oldest canary that misses one. */
const SLACK_MS = 5 * MINUTE_MS;

/**
 * Listens at the end of the way. It acts on canaries alone and acknowledges all else at once: no entry
 * in a ledger, no order.
 *
 * @returns the open subscription, for the caller to close
 */
export async function listenForCanaries(bus: Bus, canaries: CanaryStore): Promise<Subscription> {
  await bus.createSubscription(EVENTS_TOPIC, CANARY_SUBSCRIPTION);
  return bus.subscribe(
    EVENTS_TOPIC,
    CANARY_SUBSCRIPTION,
    async ({ attributes }) => {
      if (attributes.event_type !== CANARY_EVENT_TYPE || !attributes.event_id) return;
      await canaries.consumed(attributes.event_id);
    },
    { ordered: false, maxInFlight: 1_000 },
  );
}

/**
 * Once in an interval: sends a canary for each active connection, by the way that every event takes,
 * then looks how far it and those before have come.
 *
 * @returns how many were sent; none when this interval has had its own
 */
export async function sendCanaries(options: CanaryOptions): Promise<{ sent: number }> {
  const { canaries, connections, outbox, intervalMinutes, now = Date.now } = options;
  const intervalMs = intervalMinutes * MINUTE_MS;
  const slotMs = Math.floor(now() / intervalMs) * intervalMs;
  const active = (await connections.all()).filter(({ status }) => status === 'active');
  const { accept, clock } = await outbox();
  const fresh = await canaries.note(active, slotMs, clock.nowMs());
  if (fresh.length === 0) return { sent: 0 };
  for (const connection of fresh) {
    // Received when it is sent: see services/intake/receive.ts.
    await accept([canaryEvent(connection, slotMs, clock.nowMs())]);
  }
  await lookForPassage(options);
  return { sent: fresh.length };
}

/** Notes which canaries the outbox holds, and which have a proof of passage. */
export async function lookForPassage({
  canaries,
  warehouse,
  now = Date.now,
}: Pick<CanaryOptions, 'canaries' | 'warehouse' | 'now'>): Promise<void> {
  const oldest = await canaries.oldestUnproven();
  if (!oldest) return;
  const rows = await warehouse.query<{ event_id: string; place: 'outbox' | 'published' }>(
    'canary-passage',
    {
      from_time: new Date(oldest.getTime() - SLACK_MS).toISOString(),
      to_time: new Date(now() + SLACK_MS).toISOString(),
    },
  );
  const idsAt = (place: 'outbox' | 'published') =>
    rows.filter((row) => row.place === place).map((row) => row.event_id);
  await canaries.found(idsAt('outbox'), idsAt('published'));
}
