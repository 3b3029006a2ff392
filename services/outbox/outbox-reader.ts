import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { OutboxRow } from './event-row.ts';
import { filterParams, type OutboxFilter } from './outbox-filter.ts';
import { outboxWindows } from './outbox-windows.ts';

/** Where a row stands in the order of the outbox: by receipt, then as it happened, then by id. */
export type OutboxPosition = Pick<OutboxRow, 'received_at' | 'occurred_at' | 'event_id'>;

export interface ReadOutboxOptions {
  /** Time of receipt, RFC 3339 in UTC with milliseconds, inclusive. */
  readonly from: string;
  /** Exclusive. Default: to the end. */
  readonly to?: string | undefined;
  readonly filter?: OutboxFilter | undefined;
  /** Reads on behind this row; `from` may be any time before it. */
  readonly after?: OutboxPosition | undefined;
}

const NO_END = '9999-12-31T00:00:00.000Z';

/**
 * Reads the outbox in order of receipt; rows of one receipt in the order in which they happened. Memory
 * is that of one batch and of what the warehouse sorts, however long the range is.
 *
 * Gives each row of the range that an append had confirmed before the first batch was asked for, once
 * for each time that it stands in the outbox. Rows appended while it reads are given or not; none comes
 * out of order. Leaving the loop early frees everything.
 *
 * @returns batches of some thousand rows at most, never empty
 * @throws what the warehouse throws: ask again with `after` the last row that was used
 */
export async function* readOutbox(
  warehouse: Warehouse,
  options: ReadOutboxOptions,
): AsyncGenerator<OutboxRow[]> {
  const { from, to = NO_END, filter = {}, after } = options;
  const start = after !== undefined && after.received_at > from ? after.received_at : from;
  const params = {
    ...filterParams(filter),
    after_received_at: after?.received_at ?? null,
    after_occurred_at: after?.occurred_at ?? null,
    after_event_id: after?.event_id ?? null,
  };
  for await (const window of outboxWindows(warehouse, { from: start, to }, filter)) {
    yield* warehouse.stream<OutboxRow>('outbox-rows', {
      ...params,
      received_from: window.from,
      received_to: window.to,
    });
  }
}
