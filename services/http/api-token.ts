import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
 */
export async function ensureApiToken(keyDir: string, configured?: string): Promise<ApiToken> {
  if (configured !== undefined) return { value: configured, created: false };
  const kept = await readApiToken(keyDir);
  if (kept !== undefined) return { value: kept, created: false };
  const value = `trib_${randomBytes(32).toString('base64url')}`;
  await mkdir(keyDir, { recursive: true, mode: 0o700 });
  await writeFile(apiTokenPath(keyDir), `${value}\n`, { mode: 0o600, flag: 'wx' });
  return { value, created: true };
}

/** The token kept in the key folder, if there is one. */
export async function readApiToken(keyDir: string): Promise<string | undefined> {
  const text = await readFile(apiTokenPath(keyDir), 'utf8').catch(() => undefined);
  return text?.trim() || undefined;
}
