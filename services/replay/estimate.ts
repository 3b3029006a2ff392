import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { filterParams, type OutboxFilter } from '../outbox/outbox-filter.ts';
import type { ReceiptRange } from '../outbox/outbox-windows.ts';

/** What a replay would amount to. */
export interface ReplayEstimate {
  /** Outbox rows that agree; an event that stands there twice counts twice. */
  readonly events: number;
  /** Of the messages: payloads, and what an envelope and its attributes take. */
  readonly bytes: number;
  readonly cost: ReplayCost;
}

/** US dollars as decimal text, by list prices of a day, without free tiers. Nothing on a laptop. */
export interface ReplayCost {
  readonly publish_usd: string;
  /** For each consumer's subscription, also where all but one pass the messages over. */
  readonly deliver_usd_per_subscription: string;
  /** The BigQuery subscription that writes the proofs of passage. */
  readonly proof_usd: string;
  readonly read_usd: string;
  readonly prices_as_of: string;
}

/** The day of the list prices below: Pub/Sub's and BigQuery's pricing pages. */
const PRICES_AS_OF = '2026-11-20';
const USD_PER_TIB = { publish: 40, deliver: 40, proof: 50, read: 6.25 } as const;
const TIB = 1024 ** 4;
const DAY_MS = 86_400_000;
/** A HubSpot event: 480 bytes of envelope, 520 of attributes and key. Ids of others are somewhat longer. */
const MESSAGE_BYTES_BESIDES_PAYLOAD = 1_100;
/** The other columns of its row take 200. */
const ROW_BYTES_BESIDES_PAYLOAD = 250;
/** BigQuery bills at least this for a table in a query. */
const MIN_BILLED_BYTES = 10 * 1024 ** 2;

interface Day {
  readonly bucket_at: string;
  readonly outbox_rows: number;
}

/**
 * Counts the rows a replay would publish. Reads no payloads.
 *
 * @throws what the warehouse throws
 */
export async function countEvents(
  warehouse: Warehouse,
  range: ReceiptRange,
  filter: OutboxFilter,
): Promise<number> {
  const days = await warehouse.query<Day>('outbox-histogram', byDay(range, filter));
  return days.reduce((sum, { outbox_rows }) => sum + outbox_rows, 0);
}

/**
 * Counts and weighs what a replay would publish. On BigQuery this reads the payloads once, at a part of
 * the cost of the replay itself.
 *
 * @param billed whether Google bills for it
 */
export async function estimateReplay(
  warehouse: Warehouse,
  range: ReceiptRange,
  filter: OutboxFilter,
  billed: boolean,
): Promise<ReplayEstimate> {
  const days = await warehouse.query<Day & { readonly payload_bytes: number }>(
    'outbox-sizes',
    byDay(range, filter),
  );
  const events = days.reduce((sum, day) => sum + day.outbox_rows, 0);
  const payloadBytes = days.reduce((sum, day) => sum + day.payload_bytes, 0);
  const bytes = payloadBytes + events * MESSAGE_BYTES_BESIDES_PAYLOAD;
  // A long day is read by several jobs, each of which reads all of it.
  const readBytes = days.reduce((sum, day) => {
    const jobs = Math.ceil(day.outbox_rows / warehouse.streamBounds.rows);
    const dayBytes = day.payload_bytes + day.outbox_rows * ROW_BYTES_BESIDES_PAYLOAD;
    return sum + jobs * Math.max(dayBytes, MIN_BILLED_BYTES);
  }, 0);
  const usd = (measure: number, perTib: number) =>
    (billed ? (measure / TIB) * perTib : 0).toFixed(4);
  return {
    events,
    bytes,
    cost: {
      publish_usd: usd(bytes, USD_PER_TIB.publish),
      deliver_usd_per_subscription: usd(bytes, USD_PER_TIB.deliver),
      proof_usd: usd(bytes, USD_PER_TIB.proof),
      read_usd: usd(readBytes, USD_PER_TIB.read),
      prices_as_of: PRICES_AS_OF,
    },
  };
}

function byDay({ from, to }: ReceiptRange, filter: OutboxFilter) {
  return { ...filterParams(filter), received_from: from, received_to: to, bucket_ms: DAY_MS };
}
