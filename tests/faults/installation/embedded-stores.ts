// What a stopped server left in its folder, read by the drivers it was written with.
import { join } from 'node:path';
import type { Database } from '#platform/database/database.ts';
import { openPglite } from '#platform/database/pglite/pglite.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import { EVERY_OUTBOX_ROW } from '#platform/warehouse/testing/every-outbox-row.ts';
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
    const all = warehouse.stream<{ event_id: string }>('outbox-rows', EVERY_OUTBOX_ROW);
    for await (const rows of all) {
      ids.push(...rows.map((row) => row.event_id));
    }
    return countById(ids);
  } finally {
    await warehouse.close();
  }
}
