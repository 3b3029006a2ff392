import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findExecutable } from '#platform/testing/part.ts';

export const OLDEST_VERSION = 15;

/** PATH where its version will do, then where packages put versions side by side, newest first. */
export function binFolders(): string[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter(isNewEnough);
  // Debian keeps initdb off PATH, Homebrew every version but one.
  const parents = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/usr'];
  const installed = parents.flatMap((parent) =>
    entries(parent)
      .map((name) => ({ name, version: Number(/^(?:postgresql@|pgsql-)?(\d+)$/.exec(name)?.[1]) }))
      .filter(({ version }) => version >= OLDEST_VERSION)
      .sort((a, b) => b.version - a.version)
      .map(({ name }) => join(parent, name, 'bin')),
  );
  return [...onPath, ...installed];
}

function isNewEnough(folder: string): boolean {
  const postgres = findExecutable('postgres', [folder]);
  if (!postgres) return false;
  const answer = spawnSync(postgres, ['--version'], { encoding: 'utf8' }).stdout;
  return Number(/(\d+)/.exec(answer)?.[1]) >= OLDEST_VERSION;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
