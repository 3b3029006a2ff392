import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseUnavailable, InvalidConfig } from '#schemas/problems.ts';

const CHILD_SCRIPT = join(import.meta.dirname, 'create-folder-child.ts');
/** initdb takes 3 to 4 s on a laptop; a slow disk and a cold cache may take many times that. */
const CHILD_TIMEOUT_MS = 120_000;
/** A file every Postgres data folder holds. */
const MARKER = 'PG_VERSION';
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Makes the data folder of a new database unless there is one. It is made beside its place and then
 * moved there, so a crash leaves no half-made folder.
 *
 * @throws InvalidConfig when the folder holds other files
 * @throws DatabaseUnavailable when the database could not be made
 */
export async function ensureFolder(dir: string): Promise<void> {
  const names = await namesIn(dir);
  if (names.includes(MARKER)) return;
  if (names.length > 0) {
    throw new InvalidConfig(
      `The folder ${dir} is to hold the database but holds other files. Move them, or configure another data folder.`,
    );
  }
  const parent = dirname(dir);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeAbandoned(parent, basename(dir));
  const unfinished = join(parent, `${basename(dir)}.new-${randomUUID()}`);
  try {
    await runInitdb(unfinished);
    await chmod(unfinished, 0o700);
    await moveIntoPlace(unfinished, dir);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function runInitdb(dir: string): Promise<void> {
  try {
    // --liftoff-only: the optimising compiler would take 600 MB more for code that runs once.
    await promisify(execFile)(process.execPath, ['--liftoff-only', CHILD_SCRIPT, dir], {
      timeout: CHILD_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
  } catch (cause) {
    throw new DatabaseUnavailable(
      `A new database could not be made beside ${dir}. It needs some 40 MB of disk and 800 MB of memory for a few seconds; the cause holds the output.`,
      { cause },
    );
  }
}

async function moveIntoPlace(from: string, to: string): Promise<void> {
  await rmdir(to).catch(() => undefined);
  try {
    await rename(from, to);
  } catch (error) {
    // Another process was faster, and what it made is as good.
    if (!(await namesIn(to)).includes(MARKER)) throw error;
    return;
  }
  const parent = await open(dirname(to), 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Removes what a crash in the middle of an earlier creation left. Young ones may be in use. */
async function removeAbandoned(parent: string, name: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(`${name}.new-`)) continue;
    const path = join(parent, entry);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
