import { decodeCursor, encodeCursor, isInstant } from '../http/cursor.ts';
import type { OutboxRow } from '../outbox/event-row.ts';

/** Where a page ends: the keyset of its last row. */
export interface Position {
  readonly receivedAt: string;
  readonly eventId: string;
}

/** The opaque cursor of a position. */
export function cursorOf(row: OutboxRow): string {
  return encodeCursor([row.received_at, row.event_id]);
}

/** @throws InvalidRequest for anything cursorOf did not make */
export function positionOf(cursor: string): Position {
  const [receivedAt = '', eventId = ''] = decodeCursor(cursor, [isInstant, () => true]);
  return { receivedAt, eventId };
}

/** A page's rows without those that repeat an earlier row, in the outbox or on the page itself. */
export function withoutRepetitions<Row extends OutboxRow & { readonly repeated: boolean }>(
  rows: readonly Row[],
): Row[] {
  const oldest = new Map(rows.map((row) => [row.event_id, row]));
  return rows.filter((row) => !row.repeated && oldest.get(row.event_id) === row);
}
