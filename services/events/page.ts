import { InvalidRequest } from '#schemas/problems.ts';
import type { OutboxRow } from '../outbox/event-row.ts';

/** Where a page ends: the keyset of its last row. */
export interface Position {
  readonly receivedAt: string;
  readonly eventId: string;
}

/** The opaque cursor of a position. */
export function encodeCursor(row: OutboxRow): string {
  return Buffer.from(JSON.stringify([row.received_at, row.event_id])).toString('base64url');
}

/** @throws InvalidRequest for anything encodeCursor did not make */
export function decodeCursor(cursor: string): Position {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parsed) && parsed.length === 2) {
      const [receivedAt, eventId] = parsed;
      if (typeof eventId === 'string' && typeof receivedAt === 'string') {
        if (isInstant(receivedAt)) return { receivedAt, eventId };
      }
    }
  } catch {
    // Falls through to the one answer for every broken cursor.
  }
  throw new InvalidRequest('The cursor is not one this API gave out. Start again without it.');
}

/** True for instants as rows spell them: the query takes no other. */
function isInstant(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

/** A page's rows without those that repeat an earlier row, in the outbox or on the page itself. */
export function withoutRepetitions<Row extends OutboxRow & { readonly repeated: boolean }>(
  rows: readonly Row[],
): Row[] {
  const oldest = new Map(rows.map((row) => [row.event_id, row]));
  return rows.filter((row) => !row.repeated && oldest.get(row.event_id) === row);
}
