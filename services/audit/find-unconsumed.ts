import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { isObservation } from '#schemas/event.ts';
import { OBSERVATIONS_TOPIC, RESOLVER_SUBSCRIPTION } from '#schemas/topics.ts';
import type { RegisteredConsumer } from '../ledger/registered-consumers.ts';
import type { Suspect } from './compare.ts';
import { type AuditWindow, MINUTE_MS, stateAt, toInstant } from './window.ts';

const PAGE_IDS = 5_000;
/** Of a longer one every page would read too much of the outbox. */
const MAX_SPAN_MS = 15 * MINUTE_MS;

/** An event that a consumer was to consume and has not, nor given up. */
export interface Unconsumed {
  readonly eventId: string;
  readonly eventType: string;
  readonly receivedAt: string;
  readonly consumer: string;
}

export interface UnconsumedSearch {
  readonly database: Database;
  readonly warehouse: Warehouse;
  readonly tenantId: string;
  readonly window: AuditWindow;
  /** Stops once more than this many are found. */
  readonly limit: number;
}

interface PageRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly received_at: string;
}

interface Span {
  readonly fromMs: number;
  toMs: number;
  readonly consumers: Map<string, RegisteredConsumer>;
}

/**
 * Looks up the ids of suspect minutes, a page of the outbox at a time, so that memory does not grow with
 * them. Ids decide: an event that was consumed as it was received a second time is not found.
 */
export async function findUnconsumed(
  search: UnconsumedSearch,
  suspects: readonly Suspect[],
): Promise<Unconsumed[]> {
  const found = new Map<string, Unconsumed>();
  for (const span of spansOf(suspects, search.window)) {
    let after = '';
    for (;;) {
      const rows = await search.warehouse.query<PageRow>('ledger-outbox-page', {
        tenant_id: search.tenantId,
        from_time: toInstant(span.fromMs),
        to_time: toInstant(span.toMs),
        after_event_id: after,
        row_limit: PAGE_IDS,
      });
      for (const consumer of span.consumers.values()) {
        for (const one of await unconsumedOf(search, consumer, rows)) {
          found.set(`${one.eventId} ${one.consumer}`, one);
        }
      }
      if (found.size > search.limit) return [...found.values()];
      const last = rows.at(-1);
      if (!last || rows.length < PAGE_IDS) break;
      after = last.event_id;
    }
  }
  return [...found.values()];
}

/** Minutes that follow one another, the earliest first, apart where the grace begins. */
function spansOf(suspects: readonly Suspect[], window: AuditWindow): Span[] {
  const spans: Span[] = [];
  for (const { minuteMs, consumer } of suspects) {
    const last = spans.at(-1);
    const joins =
      last !== undefined &&
      minuteMs <= last.toMs &&
      minuteMs + MINUTE_MS - last.fromMs <= MAX_SPAN_MS &&
      stateAt(minuteMs, window) === stateAt(last.fromMs, window);
    if (joins) {
      last.toMs = minuteMs + MINUTE_MS;
      last.consumers.set(consumer.name, consumer);
    } else {
      const consumers = new Map([[consumer.name, consumer]]);
      spans.push({ fromMs: minuteMs, toMs: minuteMs + MINUTE_MS, consumers });
    }
  }
  return spans;
}

async function unconsumedOf(
  { database, tenantId }: UnconsumedSearch,
  { name, topic, since }: RegisteredConsumer,
  rows: readonly PageRow[],
): Promise<Unconsumed[]> {
  const toConsume = rows.filter(
    ({ event_type, received_at }) =>
      isObservation(event_type) === (topic === OBSERVATIONS_TOPIC) &&
      Date.parse(received_at) >= since.getTime(),
  );
  if (toConsume.length === 0) return [];
  const [ledger, column] =
    name === RESOLVER_SUBSCRIPTION
      ? ['resolved_observations', 'observation_id']
      : ['processed_events', 'event_id'];
  const left = await database.query<{ id: string }>(
    `SELECT asked.id FROM unnest($3::uuid[]) AS asked (id)
     WHERE NOT EXISTS (
       SELECT 1 FROM ${ledger} AS entry
       WHERE entry.${column} = asked.id ${column === 'event_id' ? 'AND entry.consumer = $1' : ''}
     ) AND NOT EXISTS (
       SELECT 1 FROM dead_letters AS letter
       WHERE letter.consumer = $1 AND letter.tenant_id = $2 AND letter.event_id = asked.id
         AND letter.state <> 'resolved'
     )`,
    [name, tenantId, toConsume.map(({ event_id }) => event_id)],
  );
  const ids = new Set(left.map(({ id }) => id));
  return toConsume
    .filter(({ event_id }) => ids.has(event_id))
    .map(({ event_id, event_type, received_at }) => ({
      eventId: event_id,
      eventType: event_type,
      receivedAt: received_at,
      consumer: name,
    }));
}
