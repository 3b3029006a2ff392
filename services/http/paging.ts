import { z } from 'zod';
import { encodeCursor } from './cursor.ts';

/** What every list takes: fields of its query. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('At most so many on a page.'),
  cursor: z
    .string()
    .max(500)
    .optional()
    .describe('`next_cursor` of the page before, with the same filters.'),
};

/** What every list answers besides its things. */
export const nextCursor = z
  .string()
  .nullable()
  .describe('Of the next page; null on the last. A page may hold fewer than `limit`.');

/**
 * The cursor behind a page.
 *
 * @param rows as many as were asked for, or fewer when there are no more
 * @param partsOf the texts that the order is by, of the last row
 */
export function cursorAfter<Row>(
  rows: readonly Row[],
  limit: number,
  partsOf: (row: Row) => readonly string[],
): string | null {
  const last = rows.at(-1);
  return last !== undefined && rows.length >= limit ? encodeCursor(partsOf(last)) : null;
}

/** Said by lists that are short by nature, and answered whole. */
export function notPaged(why: string): string {
  return `Not paged: ${why}`;
}
