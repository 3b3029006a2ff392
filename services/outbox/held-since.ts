import type { Database } from '#platform/database/database.ts';

/**
 * From which time of receipt on events are held back, ms since 1970: the spool has them, or a process
 * that is to carry earlier ones first. Whoever else published one of them would let it overtake.
 *
 * @returns undefined while nothing is held back
 */
export async function heldSinceMs(database: Database): Promise<number | undefined> {
  const [row] = await database.query<{ since: Date | null }>(
    `SELECT least(
       (SELECT min(received_at) FROM spooled_events),
       (SELECT min(published_through) FROM relay_watermarks WHERE behind)
     ) AS since`,
  );
  return row?.since?.getTime();
}
