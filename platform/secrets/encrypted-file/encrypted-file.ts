import {
  InvalidConfig,
  SecretExists,
  SecretNotFound,
  SecretUnreadable,
  ShuttingDown,
} from '#schemas/problems.ts';
import { SecretChanges } from '../secret-changes.ts';
import { checkSecretRef, checkSecretValue } from '../secret-ref.ts';
import type { SecretState, Secrets, SecretVersion, SecretWatch } from '../secrets.ts';
import { seal, unseal } from './cipher.ts';
import { openKey, type SecretsKey } from './key.ts';
import { type SecretFile, SecretFiles, type StoredVersion } from './secret-file.ts';

export interface EncryptedFileOptions {
  /** Folder of the encrypted secrets, made when missing. One process at a time may write to it. */
  readonly dataDir: string;
  /** Folder of the key, outside of the data folder. The key is made at the first use. */
  readonly keyDir: string;
}

/**
 * Opens the secrets kept in files, one per secret, encrypted with AES-256-GCM. Every value is bound
 * to its reference and version: moved to another place it cannot be decrypted. References, states
 * and times are not encrypted.
 *
 * @throws InvalidConfig when secrets exist and the key is missing, damaged or another one
 */
export async function openEncryptedFileSecrets(options: EncryptedFileOptions): Promise<Secrets> {
  const { dataDir, keyDir } = options;
  const files = await SecretFiles.open(dataDir);
  const { ids, files: count } = await files.keyIds();
  const key = await openKey({ dataDir, keyDir, inUse: count > 0 });
  if (ids.size > 0 && !ids.has(key.id)) {
    throw new InvalidConfig(
      `The key in ${keyDir} (id ${key.id}) is not the one the secrets in ${dataDir} are encrypted under (id ${[...ids].join(', ')}). Put the right key back, or configure the data folder that belongs to this key.`,
    );
  }
  return new EncryptedFileSecrets(files, key);
}

class EncryptedFileSecrets implements Secrets {
  readonly #files: SecretFiles;
  readonly #key: SecretsKey;
  /** Writers take turns, as each replaces a whole file. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  readonly #changes = new SecretChanges();
  #closed = false;

  constructor(files: SecretFiles, key: SecretsKey) {
    this.#files = files;
    this.#key = key;
  }

  create(ref: string, value: string): Promise<SecretVersion> {
    return this.#write(ref, async () => {
      checkSecretValue(value);
      const first = this.#newVersion(ref, 1, value);
      if (!(await this.#files.create({ format: 1, ref, versions: [first] }))) {
        throw new SecretExists(`There is a secret ${ref} already. Add a version to it instead.`);
      }
      return describe(first);
    });
  }

  addVersion(ref: string, value: string): Promise<SecretVersion> {
    return this.#write(ref, async () => {
      checkSecretValue(value);
      const file = await this.#files.read(ref);
      const next = this.#newVersion(ref, (file.versions.at(-1)?.version ?? 0) + 1, value);
      await this.#files.replace({ ...file, versions: [...file.versions, next] });
      return describe(next);
    });
  }

  async access(ref: string, version?: number): Promise<string> {
    this.#refuseClosed();
    checkSecretRef(ref);
    const { versions } = await this.#files.read(ref);
    const found = versions.findLast(
      (one) => one.state === 'enabled' && (version === undefined || one.version === version),
    );
    if (!found) {
      throw new SecretNotFound(
        `Secret ${ref} has no ${version === undefined ? 'enabled version' : `enabled version ${version}`}.`,
      );
    }
    return this.#open(ref, found);
  }

  async versions(ref: string): Promise<SecretVersion[]> {
    this.#refuseClosed();
    checkSecretRef(ref);
    return (await this.#files.read(ref)).versions.map(describe).reverse();
  }

  disable(ref: string, version: number): Promise<void> {
    return this.#change(ref, version, 'disabled');
  }

  enable(ref: string, version: number): Promise<void> {
    return this.#change(ref, version, 'enabled');
  }

  destroy(ref: string, version: number): Promise<void> {
    return this.#change(ref, version, 'destroyed');
  }

  async watch(onChanged: (ref: string) => void): Promise<SecretWatch> {
    return this.#changes.watch(onChanged);
  }

  async check(): Promise<void> {
    this.#refuseClosed();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#lastWrite;
  }

  #newVersion(ref: string, version: number, value: string): StoredVersion {
    const sealed = seal(this.#key, ref, version, value);
    return { version, state: 'enabled', createdAtMs: Date.now(), sealed };
  }

  #open(ref: string, { version, sealed }: StoredVersion): string {
    const foreign = sealed !== null && sealed.keyId !== this.#key.id;
    try {
      if (sealed) return unseal(this.#key, ref, version, sealed);
    } catch {
      // Reported below. The cipher's own error says no more than that it failed.
    }
    throw new SecretUnreadable(
      foreign
        ? `Version ${version} of secret ${ref} is encrypted under another key (id ${sealed.keyId}, not ${this.#key.id}). Put that key back, or enter the credential anew.`
        : `Version ${version} of secret ${ref} is damaged. Restore its file from a backup, or enter the credential anew.`,
    );
  }

  #change(ref: string, version: number, state: SecretState): Promise<void> {
    return this.#write(ref, async () => {
      const file = await this.#files.read(ref);
      const found = file.versions.find((one) => one.version === version);
      if (!found || (found.state === 'destroyed' && state !== 'destroyed')) {
        throw new SecretNotFound(
          `Secret ${ref} has no version ${version}${found ? ' any more: it is destroyed' : ''}.`,
        );
      }
      if (found.state !== state) await this.#files.replace(withState(file, version, state));
    });
  }

  #write<Result>(ref: string, work: () => Promise<Result>): Promise<Result> {
    const done = this.#lastWrite.then(() => {
      this.#refuseClosed();
      checkSecretRef(ref);
      return work();
    });
    void done.then(
      () => this.#changes.tell(ref),
      () => undefined,
    );
    this.#lastWrite = done.catch(() => undefined);
    return done;
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ShuttingDown('The secrets are closed: the server is stopping.');
  }
}

function withState(file: SecretFile, version: number, state: SecretState): SecretFile {
  return {
    ...file,
    versions: file.versions.map((one) =>
      one.version === version
        ? { ...one, state, sealed: state === 'destroyed' ? null : one.sealed }
        : one,
    ),
  };
}

function describe({ version, state, createdAtMs }: StoredVersion): SecretVersion {
  return { version, state, createdAtMs };
}
