import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile } from '#platform/secrets/durable-file.ts';
import { InvalidConfig } from '#schemas/problems.ts';

export interface ApiToken {
  readonly value: string;
  /** True when this start made it: it is shown once. */
  readonly created: boolean;
}

/** Where the API token is kept. */
export function apiTokenPath(keyDir: string): string {
  return join(keyDir, 'api-token');
}

/**
 * The bearer token of the API: as configured, or as kept in the key folder, or a new one.
 *
 * @param configured the value of TRIBUTARY_API_TOKEN
 * @throws InvalidConfig when the file is there and holds nothing
 */
export async function ensureApiToken(keyDir: string, configured?: string): Promise<ApiToken> {
  if (configured !== undefined) return { value: configured, created: false };
  const kept = await readApiToken(keyDir);
  if (kept !== undefined) return { value: kept, created: false };
  const value = `trib_${randomBytes(32).toString('base64url')}`;
  await mkdir(keyDir, { recursive: true, mode: 0o700 });
  const path = apiTokenPath(keyDir);
  if (await createFile(path, `${value}\n`)) return { value, created: true };
  // Another start was faster by a moment.
  const other = await readApiToken(keyDir);
  if (other !== undefined) return { value: other, created: false };
  throw new InvalidConfig(`${path} is empty. Remove it: the next start makes a new token.`);
}

/** The token kept in the key folder, if there is one. */
export async function readApiToken(keyDir: string): Promise<string | undefined> {
  const text = await readFile(apiTokenPath(keyDir), 'utf8').catch(() => undefined);
  return text?.trim() || undefined;
}
