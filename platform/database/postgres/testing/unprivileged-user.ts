import { readFile } from 'node:fs/promises';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root. Undefined for everyone else. */
export async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const line =
    lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (!line)
    throw new Error('Postgres cannot run as root, and there is no user postgres or nobody.');
  return { uid: Number(line[2]), gid: Number(line[3]) };
}

/** A command line that runs a program as this user; undefined is whoever runs this. */
export function asUser(user: User | undefined, program: string, args: readonly string[]) {
  if (!user) return { command: program, args };
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  return { command: 'setpriv', args: [...identity, program, ...args] };
}
