import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A disk of a few megabytes, mounted where only some processes see it. */
export interface SmallDisk {
  /** Its folder as this process reaches it. */
  readonly path: string;
  /** Runs a command that finds it mounted. */
  readonly within: readonly string[];
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Why this machine cannot have one, if it cannot. A user namespace of its own lets everybody mount a
 * file system in memory; some containers and all systems but Linux refuse that.
 */
export async function smallDiskFault(): Promise<string | undefined> {
  try {
    await promisify(execFile)('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
    return undefined;
  } catch (error) {
    return `no file system can be mounted in a user namespace here (${(error as Error).message.split('\n')[1] ?? 'unshare is missing'})`;
  }
}

/** Mounts an empty disk on a folder, for who runs `within`. */
export async function openSmallDisk(dir: string, sizeMib: number): Promise<SmallDisk> {
  const holder = spawn(
    'unshare',
    [
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=${sizeMib}m tmpfs "$0" && echo mounted && read _`,
      dir,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await Promise.race([once(holder.stdout, 'data'), failed(holder)]);
  const path = join(`/proc/${holder.pid}/root`, dir);
  const filler = join(path, 'filler');
  return {
    path,
    within: ['nsenter', '-t', String(holder.pid), '-U', '-m', '--preserve-credentials'],
    fill: () => fillUp(filler),
    makeRoom: () => rm(filler, { force: true }),
    async close() {
      if (holder.exitCode !== null || holder.signalCode !== null) return;
      const ended = once(holder, 'exit');
      // Its end is that of the mount.
      holder.stdin.end();
      await ended;
    },
  };
}

async function fillUp(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    // Smaller and smaller pieces, so that not a page is left.
    for (const bytes of [1_048_576, 65_536, 4_096]) {
      const piece = Buffer.alloc(bytes, 1);
      while (await taken(file.write(piece))) {
        // Goes on until there is no room for a piece of this size.
      }
    }
  } finally {
    await file.close();
  }
  if ((await stat(path)).size === 0) throw new Error(`Nothing could be written to ${path}.`);
}

async function taken(writing: Promise<unknown>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

async function failed(holder: ChildProcess): Promise<never> {
  const [code] = await once(holder, 'exit');
  throw new Error(`unshare ended with ${code}: see smallDiskFault.`);
}
