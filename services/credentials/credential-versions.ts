import { LRUCache } from 'lru-cache';
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Secrets, SecretVersion } from '#platform/secrets/secrets.ts';
import { SecretExists, SecretNotFound, SecretUnreadable } from '#schemas/problems.ts';
import { decodeCredential, encodeCredential, type StoredCredential } from './stored-credential.ts';

/** Told of what no caller is. */
export type OnError = (message: string, error: unknown) => void;

const CACHED = 1_000;
const CACHED_MS = 10 * 60_000;

/** Credentials in the secret store, by reference and version. */
export class CredentialVersions {
  readonly #secrets: Secrets;
  readonly #onError: OnError;
  /** The value of a version never changes. */
  readonly #values = new LRUCache<string, StoredCredential>({ max: CACHED, ttl: CACHED_MS });

  constructor(secrets: Secrets, onError: OnError) {
    this.#secrets = secrets;
    this.#onError = onError;
  }

  /**
   * Stores a credential as the next version, which nobody uses until a row pins it.
   *
   * @param replaces the version that was refreshed; absent when somebody authenticated
   */
  async add(ref: string, credential: Credential, replaces?: number): Promise<number> {
    const text = encodeCredential(credential, replaces);
    try {
      return (await this.#secrets.addVersion(ref, text)).version;
    } catch (error) {
      if (!(error instanceof SecretNotFound)) throw error;
    }
    try {
      return (await this.#secrets.create(ref, text)).version;
    } catch (error) {
      // Another has made it at the same moment.
      if (!(error instanceof SecretExists)) throw error;
      return (await this.#secrets.addVersion(ref, text)).version;
    }
  }

  /** @throws SecretNotFound, SecretUnreadable, SecretsUnavailable */
  async read(ref: string, version: number): Promise<StoredCredential> {
    const key = keyOf(ref, version);
    const cached = this.#values.get(key);
    if (cached) return cached;
    const value = decodeCredential(ref, version, await this.#secrets.access(ref, version));
    this.#values.set(key, value);
    return value;
  }

  /** What a refresh of a version has brought and nobody has pinned; undefined when there is none. */
  async findReplacing(
    ref: string,
    replaced: number,
  ): Promise<{ readonly version: number; readonly credential: StoredCredential } | undefined> {
    for (const { version, state } of await this.#secrets.versions(ref)) {
      if (version <= replaced) break;
      const credential = state === 'enabled' && (await this.#readWhole(ref, version));
      if (credential && credential.replaces === replaced) return { version, credential };
    }
    return undefined;
  }

  /** Destroys a version that is used no more. A failure is told, not thrown. */
  async destroy(ref: string, version: number): Promise<void> {
    this.#values.delete(keyOf(ref, version));
    await this.#secrets.destroy(ref, version).catch((error: unknown) => {
      this.#onError(
        `Version ${version} of secret ${ref} is used no more and could not be destroyed.`,
        error,
      );
    });
  }

  /** Destroys all versions older than the one in use. Newer ones may be about to be pinned. */
  async destroyBefore(ref: string, pinned: number): Promise<void> {
    try {
      const older = (await this.#remaining(ref)).filter(({ version }) => version < pinned);
      for (const { version } of older) await this.destroy(ref, version);
    } catch (error) {
      this.#onError(`The versions of secret ${ref} could not be listed.`, error);
    }
  }

  /** Destroys all versions. @returns those that it could not destroy */
  async destroyAll(ref: string): Promise<{ version: number; error: unknown }[]> {
    const failed: { version: number; error: unknown }[] = [];
    for (const { version } of await this.#remaining(ref)) {
      this.#values.delete(keyOf(ref, version));
      await this.#secrets
        .destroy(ref, version)
        .catch((error: unknown) => failed.push({ version, error }));
    }
    return failed;
  }

  async #readWhole(ref: string, version: number): Promise<StoredCredential | undefined> {
    try {
      return await this.read(ref, version);
    } catch (error) {
      if (error instanceof SecretNotFound || error instanceof SecretUnreadable) return undefined;
      throw error;
    }
  }

  async #remaining(ref: string): Promise<SecretVersion[]> {
    try {
      const versions = await this.#secrets.versions(ref);
      return versions.filter(({ state }) => state !== 'destroyed');
    } catch (error) {
      if (error instanceof SecretNotFound) return [];
      throw error;
    }
  }
}

const keyOf = (ref: string, version: number) => `${ref}@${version}`;
