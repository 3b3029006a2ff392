import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidConfig } from '#schemas/problems.ts';
import { apiTokenPath, ensureApiToken, readApiToken } from './api-token.ts';

let dir: string;
let keyDir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-token-'));
  keyDir = join(dir, 'keys');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the API token', () => {
  it('is made once, and kept for its owner alone', async () => {
    const made = await ensureApiToken(keyDir);
    expect(made).toEqual({ value: expect.stringMatching(/^trib_[\w-]{43}$/), created: true });
    await expect(ensureApiToken(keyDir)).resolves.toEqual({ value: made.value, created: false });
    await expect(readApiToken(keyDir)).resolves.toBe(made.value);
    expect((await stat(apiTokenPath(keyDir))).mode & 0o777).toBe(0o600);
    expect((await stat(keyDir)).mode & 0o777).toBe(0o700);
  });

  it('is the configured one where there is one, which is not kept', async () => {
    await expect(ensureApiToken(keyDir, 'configured')).resolves.toEqual({
      value: 'configured',
      created: false,
    });
    await expect(readApiToken(keyDir)).resolves.toBeUndefined();
  });

  it('is one and the same for all who start at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => ensureApiToken(keyDir)));
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1);
    expect(tokens.filter(({ created }) => created)).toHaveLength(1);
    expect(await readdir(keyDir)).toHaveLength(1);
  });

  it('is not made up when its file holds nothing', async () => {
    await ensureApiToken(keyDir);
    await writeFile(apiTokenPath(keyDir), '\n');
    await expect(ensureApiToken(keyDir)).rejects.toBeInstanceOf(InvalidConfig);
    await expect(ensureApiToken(keyDir)).rejects.toThrow('Remove it');
  });
});
