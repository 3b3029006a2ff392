// What a stopped server left in its folder, read by the drivers it was written with.
import { join } from 'node:path';
import type { Database } from '#platform/database/database.ts';
import { openPglite } from '#platform/database/pglite/pglite.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import { countById } from './installation.ts';

/** Opens the database of a data folder that no server has open. */
export async function withDatabase<Result>(
  dir: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openPglite({ dir: join(dir, 'data', 'postgres') });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Rows of each event in the outbox of such a folder. */
export async function readOutbox(dir: string): Promise<Map<string, number>> {
  const warehouse = await openDuckDbWarehouse({ dataDir: join(dir, 'data') });
  try {
    const ids: string[] = [];
    let position = { after_received_at: '1970-01-01T00:00:00.000Z', after_event_id: '' };
    for (;;) {
      const rows = await warehouse.query<{ event_id: string; received_at: string }>(
        'outbox-since',
        { ...position, row_limit: 5_000 },
      );
      ids.push(...rows.map((row) => row.event_id));
      const last = rows.at(-1);
      if (!last) return countById(ids);
      position = { after_received_at: last.received_at, after_event_id: last.event_id };
    }
  } finally {
    await warehouse.close();
  }
}
