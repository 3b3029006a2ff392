import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { InvalidConfig } from '#schemas/problems.ts';
import { createFile } from '../durable-file.ts';

export interface SecretsKey {
  /** Names the key without telling anything of it; stands beside every ciphertext. */
  readonly id: string;
  /** 32 bytes, for AES-256. */
  readonly bytes: Buffer;
}

const KEY_FILE = 'secrets.key';
const KEY_BYTES = 32;

/**
 * Reads the key, or makes one (file mode 0600, folder 0700) when there is none and nothing was
 * encrypted yet.
 *
 * @param options.inUse whether secrets exist: then a missing key is an error, never replaced
 * @throws InvalidConfig when the key is missing, damaged, or would lie inside the data folder
 */
export async function openKey(options: {
  readonly keyDir: string;
  readonly dataDir: string;
  readonly inUse: boolean;
}): Promise<SecretsKey> {
  const { keyDir, dataDir, inUse } = options;
  refuseInside(keyDir, dataDir);
  const path = join(keyDir, KEY_FILE);
  const text = await readKey(path);
  if (text !== undefined) return parseKey(text, path);
  if (inUse) {
    throw new InvalidConfig(
      `The key ${path} is missing, but ${dataDir} holds secrets encrypted under it. Restore the key file from its backup or correct the key folder. Only if the key is lost for good: move ${dataDir} away and enter all credentials anew.`,
    );
  }
  await mkdir(keyDir, { recursive: true, mode: 0o700 });
  await createFile(path, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
  // Read back: another process may have been faster.
  return parseKey((await readKey(path)) ?? '', path);
}

function refuseInside(keyDir: string, dataDir: string): void {
  const path = relative(resolve(dataDir), resolve(keyDir));
  const outside = path === '..' || path.startsWith('../') || path.startsWith('..\\');
  if (outside || isAbsolute(path)) return;
  throw new InvalidConfig(
    `The key folder ${keyDir} lies inside the data folder ${dataDir}: whoever copies the data would have the key. Configure a key folder outside of it.`,
  );
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InvalidConfig(`The key ${path} cannot be read. Check its owner and mode (0600).`, {
      cause,
    });
  }
}

function parseKey(text: string, path: string): SecretsKey {
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== text.trim()) {
    throw new InvalidConfig(
      `The key ${path} is damaged: it must hold ${KEY_BYTES} bytes in base64. Restore it from its backup.`,
    );
  }
  const id = createHash('sha256').update('tributary secrets key id').update(bytes).digest('hex');
  return { id: id.slice(0, 16), bytes };
}
