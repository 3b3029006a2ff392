/**
 * Real: the process that is killed, its files, the signal. What a SIGKILL shows is that nothing
 * confirmed was only in the process; that it reached the disk is shown by the count of syncs in
 * pglite.test.ts.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidConfig } from '#schemas/problems.ts';
import { openTestDatabase } from '../testing.ts';
import { ensureFolder } from './create-folder.ts';
import { openPglite } from './pglite.ts';

const CHILD = join(import.meta.dirname, 'crash-child.ts');

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-crash-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function startChild(
  dir: string,
  act: string,
  first: number,
): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, ['--liftoff-only', CHILD, dir, act, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function newDatabase(dir: string): Promise<void> {
  const database = await openTestDatabase({ dir });
  await database.db.close();
}

/** Lets a child commit, kills it after so many commits, and returns what it had confirmed. */
async function commitAndKill(dir: string, first: number, commits: number): Promise<number[]> {
  const child = startChild(dir, 'commit', first);
  const exited = once(child, 'exit');
  const confirmed: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    confirmed.push(Number(line));
    if (confirmed.length === commits) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return confirmed;
}

describe('pglite after kill -9', () => {
  it('has every committed row, again and again', { timeout: 60_000 }, async () => {
    const dir = join(root, 'killed');
    await newDatabase(dir);
    const confirmed: number[] = [];
    for (const commits of [1, 40, 7, 150, 100]) {
      confirmed.push(...(await commitAndKill(dir, (confirmed.at(-1) ?? 0) + 2, commits)));
      expect(await readdir(dir)).toContain('postmaster.pid');
    }
    const db = await openPglite({ dir });
    const rows = await db.query<{ n: number }>('SELECT n FROM committed');
    const present = new Set(rows.map((row) => row.n));
    expect(confirmed.filter((n) => !present.has(n))).toEqual([]);
    // At most the one commit under way at each kill is there without having been confirmed.
    expect(rows.length - confirmed.length).toBeLessThanOrEqual(5);
    await db.query('REINDEX TABLE committed');
    await db.close();
  });

  it('lets the process end once it is closed', async () => {
    const dir = join(root, 'closed');
    await newDatabase(dir);
    const child = startChild(dir, 'close', 1);
    child.stdout.resume();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('the database folder', () => {
  it('is made whole, for its owner alone, and abandoned ones are removed', async () => {
    const parent = join(root, 'fresh');
    const abandoned = join(parent, 'database.new-1');
    const young = join(parent, 'database.new-2');
    await mkdir(abandoned, { recursive: true });
    await mkdir(young);
    await utimes(abandoned, new Date(0), new Date(0));
    await ensureFolder(join(parent, 'database'));
    expect((await readdir(parent)).sort()).toEqual(['database', 'database.new-2']);
    expect((await stat(join(parent, 'database'))).mode & 0o777).toBe(0o700);
  });

  it('is refused when it holds something else', async () => {
    const dir = join(root, 'other');
    await mkdir(dir);
    await writeFile(join(dir, 'photo.jpg'), '');
    await expect(openPglite({ dir })).rejects.toThrow(InvalidConfig);
    expect(await readdir(dir)).toEqual(['photo.jpg']);
  });
});
