import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes all bytes at the place given; the system may take several calls for them. */
export async function writeFully(
  handle: Pick<FileHandle, 'write'>,
  bytes: Buffer,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Replaces a file in one step: a reader, also one after a crash, sees the old text or the new.
 *
 * @param durable true to return only when the new text would survive the loss of power
 */
export async function replaceFile(path: string, text: string, durable: boolean): Promise<void> {
  const draft = `${path}.draft`;
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(text);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
  if (durable) await syncFolder(dirname(path));
}

/** Makes new, renamed and deleted names of a folder survive the loss of power. */
export async function syncFolder(path: string): Promise<void> {
  // Windows has no such call; its file systems journal names themselves.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
