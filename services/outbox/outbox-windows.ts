import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { type FilterParams, filterParams, type OutboxFilter } from './outbox-filter.ts';

/** A range of receipt, RFC 3339 in UTC: from inclusive, to exclusive. */
export interface ReceiptRange {
  readonly from: string;
  readonly to: string;
}

/** A piece of a range, and how many rows it held when it was counted. */
export interface Window extends ReceiptRange {
  readonly rows: number;
}

/** Each is counted within one of those before it. A millisecond is as fine as receipt is told. */
const UNITS_MS = [86_400_000, 60_000, 1_000, 1] as const;

interface Bucket {
  readonly bucket_at: string;
  readonly outbox_rows: number;
  readonly payload_bytes?: number;
}

/**
 * Cuts a range into pieces that the warehouse can sort in little memory, in order. What lies between two
 * of them held no row when it was counted. A piece is cut when it is asked for, so that a long range takes
 * no memory either.
 */
export async function* outboxWindows(
  warehouse: Warehouse,
  range: ReceiptRange,
  filter: OutboxFilter = {},
): AsyncGenerator<Window> {
  yield* cut(warehouse, range, filterParams(filter), 0);
}

async function* cut(
  warehouse: Warehouse,
  range: ReceiptRange,
  filter: FilterParams,
  level: number,
): AsyncGenerator<Window> {
  const { rows: maxRows, bytes: maxBytes } = warehouse.streamBounds;
  const unitMs = UNITS_MS[level] ?? 1;
  const fits = (rows: number, bytes: number) =>
    rows <= maxRows && (maxBytes === undefined || bytes <= maxBytes);
  const buckets = await warehouse.query<Bucket>(
    // Sizes are asked for where they bound something: BigQuery bills the payloads they are read from.
    maxBytes === undefined ? 'outbox-histogram' : 'outbox-sizes',
    { ...filter, received_from: range.from, received_to: range.to, bucket_ms: unitMs },
  );
  let open = { from: range.from, rows: 0, bytes: 0 };
  for (const { bucket_at, outbox_rows, payload_bytes = 0 } of buckets) {
    const at = later(bucket_at, range.from);
    const rows = open.rows + outbox_rows;
    const bytes = open.bytes + payload_bytes;
    if (fits(rows, bytes)) {
      open = { from: open.from, rows, bytes };
      continue;
    }
    if (open.rows > 0) yield { from: open.from, to: at, rows: open.rows };
    open = { from: at, rows: outbox_rows, bytes: payload_bytes };
    if (fits(outbox_rows, payload_bytes) || level === UNITS_MS.length - 1) continue;
    const end = new Date(Date.parse(bucket_at) + unitMs).toISOString();
    const to = end < range.to ? end : range.to;
    yield* cut(warehouse, { from: at, to }, filter, level + 1);
    open = { from: to, rows: 0, bytes: 0 };
  }
  if (open.rows > 0) yield { from: open.from, to: range.to, rows: open.rows };
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}
