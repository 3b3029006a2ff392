import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidConfig, SecretUnreadable, ShuttingDown } from '#schemas/problems.ts';
import { describeSecrets } from '../conformance.ts';
import { seal, unseal } from './cipher.ts';
import { openEncryptedFileSecrets } from './encrypted-file.ts';

const makeRoot = () => mkdtemp(join(tmpdir(), 'tributary-secrets-'));
const foldersOf = (root: string) => ({
  dataDir: join(root, 'data', 'secrets'),
  keyDir: join(root, 'keys'),
});

describeSecrets('encrypted file', async () => {
  const root = await makeRoot();
  const open = () => openEncryptedFileSecrets(foldersOf(root));
  return {
    secrets: await open(),
    reopen: open,
    dispose: () => rm(root, { recursive: true, force: true }),
  };
});

describe('encrypted file', () => {
  let root: string;
  let dataDir: string;
  let keyDir: string;
  beforeEach(async () => {
    root = await makeRoot();
    ({ dataDir, keyDir } = foldersOf(root));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const open = () => openEncryptedFileSecrets({ dataDir, keyDir });
  const keyFile = () => join(keyDir, 'secrets.key');
  const putSecret = async (ref: string, ...values: [string, ...string[]]) => {
    const secrets = await open();
    await secrets.create(ref, values[0]);
    for (const value of values.slice(1)) await secrets.addVersion(ref, value);
    await secrets.close();
  };
  const secretFiles = async () => (await readdir(dataDir)).map((name) => join(dataDir, name));
  /** Rewrites the only secret file through its JSON text. */
  const tamper = async (change: (text: string) => string) => {
    const [path = ''] = await secretFiles();
    await writeFile(path, change(await readFile(path, 'utf8')));
  };

  it('keeps files for their owner alone, without a value in the clear or a rest of a write', async () => {
    await putSecret('a/b', 'very private', 'also private');
    const files = await secretFiles();
    expect(files).toHaveLength(1);
    for (const path of [...files, keyFile()]) {
      expect([path, (await stat(path)).mode & 0o777]).toEqual([path, 0o600]);
      expect(await readFile(path, 'utf8')).not.toMatch(/private|cHJpdmF0ZQ/);
    }
    for (const dir of [dataDir, keyDir]) expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(await readdir(keyDir)).toEqual(['secrets.key']);
  });

  it('removes a destroyed value from the file', async () => {
    await putSecret('a', 'one', 'two');
    const secrets = await open();
    await secrets.destroy('a', 1);
    await secrets.close();
    const [path = ''] = await secretFiles();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      versions: [{ version: 1, state: 'destroyed', sealed: null }, { version: 2 }],
    });
  });

  it('refuses to start without the key, makes no new one and touches no secret', async () => {
    await putSecret('a', 'one');
    await rename(keyFile(), join(root, 'kept.key'));
    await expect(open()).rejects.toThrow(InvalidConfig);
    await expect(open()).rejects.toThrow(/Restore the key file/);
    expect(await readdir(keyDir)).toEqual([]);
    await rename(join(root, 'kept.key'), keyFile());
    expect(await (await open()).access('a')).toBe('one');
  });

  it('refuses to start with another key', async () => {
    await putSecret('a', 'one');
    await writeFile(keyFile(), `${Buffer.alloc(32, 7).toString('base64')}\n`);
    await expect(open()).rejects.toThrow(/is not the one the secrets/);
  });

  it('tells of a secret that is encrypted under another key than the rest', async () => {
    await putSecret('a', 'one');
    await putSecret('b', 'two');
    const [first = ''] = await secretFiles();
    const file = JSON.parse(await readFile(first, 'utf8'));
    const { ref } = file;
    const foreign = { id: '00000000deadbeef', bytes: Buffer.alloc(32, 3) };
    file.versions[0].sealed = seal(foreign, ref, 1, 'three');
    await writeFile(first, JSON.stringify(file));
    const secrets = await open();
    await expect(secrets.access(ref)).rejects.toThrow(SecretUnreadable);
    await expect(secrets.access(ref)).rejects.toThrow(/Put that key back/);
  });

  it.each([
    { name: 'short', text: 'AAAA' },
    { name: 'empty', text: '' },
    { name: 'not base64', text: '!'.repeat(44) },
  ])('refuses a key that is $name', async ({ text }) => {
    await putSecret('a', 'one');
    await writeFile(keyFile(), text);
    await expect(open()).rejects.toThrow(/is damaged: it must hold 32 bytes/);
  });

  it.each(['.', 'keys', 'keys/deep'])(
    'refuses a key folder inside the data: %s',
    async (inside) => {
      const opening = openEncryptedFileSecrets({ dataDir, keyDir: join(dataDir, inside) });
      await expect(opening).rejects.toThrow(/lies inside the data folder/);
    },
  );

  const damages: readonly { readonly name: string; readonly change: (text: string) => string }[] = [
    { name: 'cut short', change: (text) => text.slice(0, -20) },
    { name: 'emptied', change: () => '' },
    { name: "another secret's file", change: (text) => text.replace('"ref":"a"', '"ref":"b"') },
    {
      name: 'a changed ciphertext',
      change: (text) =>
        text.replace(
          /"ciphertext":"./,
          (found) => `${found.slice(0, -1)}${found.endsWith('A') ? 'B' : 'A'}`,
        ),
    },
    {
      name: 'versions that changed places',
      change: (text) =>
        text
          .replace('"version":1', '"version":0x')
          .replace('"version":2', '"version":1')
          .replace('"version":0x', '"version":2'),
    },
    { name: 'a shortened tag', change: (text) => text.replaceAll(/"tag":"[^"]{22}/g, '"tag":"') },
  ];
  it.each(damages)('reports as unreadable: $name', async ({ change }) => {
    await putSecret('a', 'one', 'two');
    await tamper(change);
    const secrets = await open();
    const reading = secrets.access('a', 1);
    await expect(reading).rejects.toThrow(SecretUnreadable);
    await expect(reading).rejects.toThrow(/backup/);
  });

  it('refuses use once it is closed', async () => {
    const secrets = await open();
    await secrets.close();
    await expect(secrets.access('a')).rejects.toThrow(ShuttingDown);
    await expect(secrets.create('a', 'v')).rejects.toThrow(ShuttingDown);
  });
});

describe('cipher', () => {
  const key = { id: 'k', bytes: Buffer.alloc(32, 1) };
  const ref = fc.stringMatching(/^[a-z0-9_/-]{1,20}$/);
  const version = fc.integer({ min: 1, max: 1000 });

  it('opens what it sealed, and only as that version of that secret', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        ref,
        version,
        ref,
        version,
        (value, r, v, r2, v2) => {
          const sealed = seal(key, r, v, value);
          expect(unseal(key, r, v, sealed)).toBe(value);
          if (r !== r2 || v !== v2) expect(() => unseal(key, r2, v2, sealed)).toThrow();
          const other = { id: 'k', bytes: Buffer.alloc(32, 2) };
          expect(() => unseal(other, r, v, sealed)).toThrow();
        },
      ),
    );
  });

  it('never uses a nonce twice', () => {
    const nonces = Array.from({ length: 1000 }, () => seal(key, 'a', 1, 'same').nonce);
    expect(new Set(nonces).size).toBe(1000);
  });
});
