/**
 * Run as a process of its own by create-folder.ts: initdb takes several hundred megabytes, which
 * end with this process instead of staying with the server.
 *
 * Argument: the folder to make. Exit code 0 means that it is complete and on disk.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from './engine.ts';

const dir = process.argv[2];
if (!dir) throw new Error('The folder to make is missing.');

const engine = await Engine.open({ dir });
await engine.close();

// What initdb made was copied in from memory: nothing has asked for it to reach the disk yet.
for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
  await sync(join(entry.parentPath, entry.name));
}
await sync(dir);

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
