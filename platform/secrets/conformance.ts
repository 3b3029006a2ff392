import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidRequest, SecretExists, SecretNotFound } from '#schemas/problems.ts';
import type { Secrets } from './secrets.ts';

/** Secrets in a place of their own. */
export interface SecretsHarness {
  readonly secrets: Secrets;
  /** Opens the same place a second time, as after a restart. */
  reopen(): Promise<Secrets>;
  dispose(): Promise<void>;
}

const VALUES = [
  { name: 'a token', value: 'xoxb-1234' },
  { name: 'empty text', value: '' },
  { name: 'any Unicode, and control characters', value: 'pä55\u0000\n🔑' },
  { name: 'the longest allowed', value: 'k'.repeat(64 * 1024) },
];

const BAD_REFS = [
  { name: 'empty', ref: '' },
  { name: 'climbing out', ref: '../keys/secrets' },
  { name: 'absolute', ref: '/etc/passwd' },
  { name: 'with an empty segment', ref: 'a//b' },
  { name: 'ending in a slash', ref: 'a/' },
  { name: 'with a dot', ref: 'a/b.json' },
  { name: 'with a line end', ref: 'a\n' },
  { name: 'too long', ref: 'a'.repeat(256) },
];

/**
 * What every Secrets does. Real: the driver and its storage. Nothing is doubled.
 *
 * @param makeHarness called once
 */
export function describeSecrets(name: string, makeHarness: () => Promise<SecretsHarness>): void {
  describe(`secrets conformance: ${name}`, () => {
    let harness: SecretsHarness;
    let secrets: Secrets;
    beforeAll(async () => {
      harness = await makeHarness();
      secrets = harness.secrets;
    });
    afterAll(() => harness.dispose());

    let made = 0;
    /** A reference no other test uses. */
    const newRef = () => {
      made += 1;
      return `tenants/acme/connections/con_${made}/webhook`;
    };

    it.each(VALUES)('gives back $name', async ({ value }) => {
      const ref = newRef();
      const before = Date.now();
      const created = await secrets.create(ref, value);
      expect(created).toMatchObject({ version: 1, state: 'enabled' });
      expect(Math.abs(created.createdAtMs - before)).toBeLessThan(60_000);
      expect(await secrets.access(ref)).toBe(value);
      expect(await secrets.access(ref, 1)).toBe(value);
    });

    it.each(BAD_REFS)('refuses a reference $name', async ({ ref }) => {
      await expect(secrets.create(ref, 'v')).rejects.toThrow(InvalidRequest);
      await expect(secrets.access(ref)).rejects.toThrow(InvalidRequest);
    });

    it('refuses a value that cannot be stored as it is', async () => {
      await expect(secrets.create(newRef(), 'k'.repeat(64 * 1024 + 1))).rejects.toThrow(
        InvalidRequest,
      );
      await expect(secrets.create(newRef(), '\ud800')).rejects.toThrow(InvalidRequest);
    });

    it('makes a secret once', async () => {
      const ref = newRef();
      const results = await Promise.allSettled([
        secrets.create(ref, 'first'),
        secrets.create(ref, 'second'),
      ]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(secrets.create(ref, 'third')).rejects.toThrow(SecretExists);
      expect(await secrets.versions(ref)).toHaveLength(1);
    });

    it('keeps a secret and one below its path apart', async () => {
      const ref = newRef();
      await secrets.create(ref, 'outer');
      await secrets.create(`${ref}/next`, 'inner');
      expect(await secrets.access(ref)).toBe('outer');
      expect(await secrets.access(`${ref}/next`)).toBe('inner');
      await expect(secrets.access(ref.toUpperCase())).rejects.toThrow(SecretNotFound);
    });

    it('rotates: the newest enabled version is the latest, each stays readable', async () => {
      const ref = newRef();
      await secrets.create(ref, 'one');
      expect(await secrets.addVersion(ref, 'two')).toMatchObject({ version: 2, state: 'enabled' });
      expect(await secrets.access(ref)).toBe('two');
      expect(await secrets.access(ref, 1)).toBe('one');
      await secrets.disable(ref, 2);
      expect(await secrets.access(ref)).toBe('one');
      await expect(secrets.access(ref, 2)).rejects.toThrow(SecretNotFound);
      await secrets.enable(ref, 2);
      expect(await secrets.access(ref)).toBe('two');
    });

    it('destroys for good and never uses a number again', async () => {
      const ref = newRef();
      await secrets.create(ref, 'one');
      await secrets.addVersion(ref, 'two');
      await secrets.destroy(ref, 2);
      expect(await secrets.access(ref)).toBe('one');
      await expect(secrets.access(ref, 2)).rejects.toThrow(SecretNotFound);
      await expect(secrets.enable(ref, 2)).rejects.toThrow(SecretNotFound);
      expect(await secrets.addVersion(ref, 'three')).toMatchObject({ version: 3 });
      const versions = await secrets.versions(ref);
      expect(versions.map(({ version, state }) => [version, state])).toEqual([
        [3, 'enabled'],
        [2, 'destroyed'],
        [1, 'enabled'],
      ]);
    });

    it('has no value left once every version is disabled or destroyed', async () => {
      const ref = newRef();
      await secrets.create(ref, 'one');
      await secrets.disable(ref, 1);
      await expect(secrets.access(ref)).rejects.toThrow(SecretNotFound);
      await secrets.destroy(ref, 1);
      await expect(secrets.access(ref)).rejects.toThrow(SecretNotFound);
      expect(await secrets.versions(ref)).toHaveLength(1);
    });

    it('says that there is no such secret, or version', async () => {
      const ref = newRef();
      await expect(secrets.access(ref)).rejects.toThrow(SecretNotFound);
      await expect(secrets.versions(ref)).rejects.toThrow(SecretNotFound);
      await expect(secrets.addVersion(ref, 'v')).rejects.toThrow(SecretNotFound);
      await secrets.create(ref, 'v');
      await expect(secrets.access(ref, 2)).rejects.toThrow(SecretNotFound);
      await expect(secrets.disable(ref, 2)).rejects.toThrow(SecretNotFound);
      await expect(secrets.enable(ref, 2)).rejects.toThrow(SecretNotFound);
      await expect(secrets.destroy(ref, 2)).rejects.toThrow(SecretNotFound);
    });

    it('loses no version of writers at the same time', async () => {
      const ref = newRef();
      await secrets.create(ref, 'v1');
      const added = await Promise.all(
        Array.from({ length: 10 }, (_, index) => secrets.addVersion(ref, `added ${index}`)),
      );
      expect(added.map(({ version }) => version).sort((a, b) => a - b)).toEqual([
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
      ]);
      expect(await secrets.access(ref, added[4]?.version)).toBe('added 4');
    });

    it('tells watchers of changed secrets, until they close', async () => {
      const ref = newRef();
      await secrets.create(ref, 'one');
      const told: string[] = [];
      const watch = await secrets.watch((changed) => told.push(changed));
      await secrets.addVersion(ref, 'two');
      await expect.poll(() => told, { timeout: 10_000 }).toContain(ref);
      await watch.close();
      const count = told.length;
      await secrets.disable(ref, 1);
      await secrets.access(ref);
      expect(told.filter((one) => one === ref)).toHaveLength(Math.min(count, told.length));
    });

    it('says whether it can work', async () => {
      await secrets.check();
    });

    it('never repeats a value in an error', async () => {
      const ref = newRef();
      await secrets.create(ref, 'very private');
      const failures = await Promise.allSettled([
        secrets.create(ref, 'very private'),
        secrets.addVersion('no such', 'very private'),
        secrets.create(`${ref}!`, 'very private'),
        secrets.access(ref, 9),
      ]);
      for (const failure of failures) {
        expect(failure.status).toBe('rejected');
        if (failure.status !== 'rejected') continue;
        const { message, stack, cause } = failure.reason as Error;
        expect(`${message} ${stack} ${String(cause)}`).not.toContain('very private');
      }
    });

    it('finds everything again after a restart', async () => {
      const ref = newRef();
      await secrets.create(ref, 'one');
      await secrets.addVersion(ref, 'two');
      await secrets.disable(ref, 1);
      await secrets.close();
      const reopened = await harness.reopen();
      expect(await reopened.access(ref)).toBe('two');
      expect(await reopened.versions(ref)).toMatchObject([
        { version: 2, state: 'enabled' },
        { version: 1, state: 'disabled' },
      ]);
      await reopened.close();
    });
  });
}
