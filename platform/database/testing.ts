import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { Engine, IN_MEMORY } from './pglite/engine.ts';
import { openPglite, type PgliteOptions } from './pglite/pglite.ts';
import { INITDB_PARAMS, START_PARAMS } from './pglite/settings.ts';

const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tributary');

export interface TestDatabase {
  readonly db: Database;
  close(): Promise<void>;
}

/**
 * A migrated database of its own for a test, in memory: some 0.3 s. The very first one runs initdb
 * (3 s) and keeps a snapshot of the result in node_modules/.cache, which all later ones start from.
 *
 * @param options `dir`, a folder that does not exist yet, puts the database on disk (1 s; without
 *   syncs unless `syncFile` is given); the caller removes it
 * @example
 * const database = await openTestDatabase();
 * afterAll(() => database.close());
 */
export async function openTestDatabase(
  options: Partial<PgliteOptions> = {},
): Promise<TestDatabase> {
  const db = await openPglite({
    dir: IN_MEMORY,
    syncFile: () => undefined,
    ...options,
    snapshot: await emptyDatabase(),
  });
  await db.migrate();
  return { db, close: () => db.close() };
}

async function emptyDatabase(): Promise<Blob> {
  const settings = JSON.stringify([INITDB_PARAMS, START_PARAMS]);
  const key = createHash('sha256').update(settings).digest('hex').slice(0, 16);
  const path = join(CACHE, `empty-database-${key}.tar`);
  try {
    return new Blob([await readFile(path)]);
  } catch {
    await makeSnapshot(path);
    return new Blob([await readFile(path)]);
  }
}

/** Test files run at the same time: each that finds no snapshot makes one, and the last one stays. */
async function makeSnapshot(path: string): Promise<void> {
  const engine = await Engine.open({ dir: IN_MEMORY });
  const snapshot = await engine.takeSnapshot();
  await engine.close();
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${path}.${randomUUID()}`;
  await writeFile(unfinished, snapshot.stream());
  await rename(unfinished, path);
}
