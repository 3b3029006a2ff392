import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a running server tells the other commands about itself. */
export interface ServerNote {
  readonly url: string;
  readonly pid: number;
}

/** Leaves a note of the running server in its data folder. */
export async function writeServerNote(dataDir: string, note: ServerNote): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await writeFile(notePath(dataDir), `${JSON.stringify(note)}\n`);
}

/** The note of the server that last started here, if any; it may have been killed since. */
export async function readServerNote(dataDir: string): Promise<ServerNote | undefined> {
  const text = await readFile(notePath(dataDir), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as ServerNote);
  } catch {
    // Half-written when the machine stopped; it only says where to look first.
    return undefined;
  }
}

export async function removeServerNote(dataDir: string): Promise<void> {
  await rm(notePath(dataDir), { force: true });
}

function notePath(dataDir: string): string {
  return join(dataDir, 'server.json');
}
