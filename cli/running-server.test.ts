import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readServerNote, removeServerNote, writeServerNote } from './running-server.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-note-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the note of a running server', () => {
  it('is found until it is removed', async () => {
    const dataDir = join(dir, 'new');
    const note = { url: 'http://127.0.0.1:8080', pid: 7 };
    expect(await readServerNote(dataDir)).toBeUndefined();
    await writeServerNote(dataDir, note);
    expect(await readServerNote(dataDir)).toEqual(note);
    await removeServerNote(dataDir);
    expect(await readServerNote(dataDir)).toBeUndefined();
    await expect(removeServerNote(dataDir)).resolves.toBeUndefined();
  });

  it.each(['', '{"url":"http://127'])('counts as none when it holds "%s"', async (text) => {
    await writeServerNote(dir, { url: '', pid: 0 });
    const [name = ''] = await readdir(dir);
    await writeFile(join(dir, name), text);
    expect(await readServerNote(dir)).toBeUndefined();
  });
});
