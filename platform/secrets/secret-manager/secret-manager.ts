import type { PlainEndpoint } from '#platform/google/client-options.ts';
import {
  ResourceMissing,
  SecretExists,
  SecretNotFound,
  SecretUnreadable,
  ShuttingDown,
} from '#schemas/problems.ts';
import { SecretChanges } from '../secret-changes.ts';
import { checkSecretRef, checkSecretValue } from '../secret-ref.ts';
import type { SecretState, Secrets, SecretVersion, SecretWatch } from '../secrets.ts';
import { SecretManagerApi } from './api.ts';
import { newSecret, type ReplicationChoice } from './new-secret.ts';
import { changedRef, type SecretEvent } from './notification.ts';
import { decodePayload, encodePayload, type PayloadFault } from './payload.ts';
import { encodePath, secretId } from './secret-id.ts';

export interface SecretManagerOptions {
  readonly projectId: string;
  /** Beginning of this installation's secret ids, see secret-id.ts. Default `tributary`. */
  readonly prefix?: string;
  /** A stand-in for Secret Manager. Default: Google's. */
  readonly endpoint?: PlainEndpoint | undefined;
  /** Of secrets created from now on. Default automatic. */
  readonly replication?: ReplicationChoice;
  /** Full name of the topic that created secrets tell of their changes; it must exist. */
  readonly notificationTopic?: string;
  /** Listens to that topic. Without it only changes made through this object are told. */
  readonly watchTopic?:
    | ((onEvent: (event: SecretEvent) => void) => Promise<SecretWatch>)
    | undefined;
  /** Bound of each call to Secret Manager, with its retries. Default 5,000 ms. */
  readonly timeoutMs?: number;
  /** Gets what failed without the caller's being told. */
  readonly onError?: (error: unknown) => void;
}

const FAULTS: Readonly<Record<PayloadFault, string>> = {
  checksum: 'does not match its checksum. Retry; if it stays so, enter the credential anew.',
  encoding: 'is not UTF-8 text. Enter the credential anew.',
};

/**
 * Opens the secrets kept in Google's Secret Manager. It waits for nothing: `check` says whether
 * Secret Manager can be used.
 */
export async function openSecretManagerSecrets(options: SecretManagerOptions): Promise<Secrets> {
  return new SecretManagerSecrets(options);
}

class SecretManagerSecrets implements Secrets {
  readonly #api: SecretManagerApi;
  readonly #options: SecretManagerOptions;
  readonly #prefix: string;
  readonly #changes = new SecretChanges();
  /** The last creation of each reference that is under way. */
  readonly #creating = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(options: SecretManagerOptions) {
    const { projectId, endpoint, prefix = 'tributary', timeoutMs = 5_000 } = options;
    this.#options = options;
    this.#prefix = prefix;
    this.#api = new SecretManagerApi(projectId, endpoint, timeoutMs);
  }

  async create(ref: string, value: string): Promise<SecretVersion> {
    const id = this.#id(ref);
    checkSecretValue(value);
    const earlier = this.#creating.get(ref);
    const created = (async () => {
      // Two creations here take turns; those of two processes are told apart by their versions.
      await earlier?.catch(() => undefined);
      return this.#create(ref, id, value);
    })();
    this.#creating.set(ref, created);
    try {
      return await created;
    } finally {
      if (this.#creating.get(ref) === created) this.#creating.delete(ref);
      this.#changes.tell(ref);
    }
  }

  async addVersion(ref: string, value: string): Promise<SecretVersion> {
    const id = this.#id(ref);
    checkSecretValue(value);
    try {
      return await this.#api.addVersion(id, encodePayload(value), noSecret(ref));
    } finally {
      // Also after a failure: an answer that is lost says nothing of what was done.
      this.#changes.tell(ref);
    }
  }

  async access(ref: string, version?: number): Promise<string> {
    const id = this.#id(ref);
    if (version !== undefined) return this.#access(ref, id, version);
    const latest = await this.#tryAccess(ref, id, 'latest');
    if (latest !== undefined) return latest;
    // `latest` is the version created last, whatever its state.
    const newest = await this.#find(ref, id, ({ state }) => state === 'enabled');
    if (!newest) throw new SecretNotFound(`Secret ${ref} has no enabled version.`);
    return this.#access(ref, id, newest.version);
  }

  async versions(ref: string): Promise<SecretVersion[]> {
    const id = this.#id(ref);
    const all: SecretVersion[] = [];
    await this.#find(ref, id, (one) => {
      all.push(one);
      return false;
    });
    return all;
  }

  disable(ref: string, version: number): Promise<void> {
    return this.#setState(ref, version, 'disabled');
  }

  enable(ref: string, version: number): Promise<void> {
    return this.#setState(ref, version, 'enabled');
  }

  destroy(ref: string, version: number): Promise<void> {
    return this.#setState(ref, version, 'destroyed');
  }

  async watch(onChanged: (ref: string) => void): Promise<SecretWatch> {
    const own = this.#changes.watch(onChanged);
    const notified = await this.#options.watchTopic?.((event) => {
      const ref = changedRef(this.#prefix, event);
      if (ref !== undefined) onChanged(ref);
    });
    return {
      close: async () => {
        await own.close();
        await notified?.close();
      },
    };
  }

  async check(): Promise<void> {
    this.#refuseClosed();
    // No reference has this id, as it stands for an empty segment. Whether the account may read
    // secrets of our prefix is decided first, so that "not found" is the good answer.
    const name = this.#api.versionName(`${encodePath(`${this.#prefix}//`)}check`, 'latest');
    const absent = new SecretNotFound('Expected.');
    await this.#api
      .access(name, () => absent)
      .catch((error: unknown) => {
        if (error !== absent) throw error;
      });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#api.close();
  }

  /**
   * Secret Manager makes a secret and its first version in two calls. Whoever adds version 1 has
   * made it, also when it was another that made the empty secret and stopped there.
   */
  async #create(ref: string, id: string, value: string): Promise<SecretVersion> {
    const { replication = 'automatic', notificationTopic } = this.#options;
    const secret = newSecret(ref, replication, notificationTopic);
    const fresh = await this.#api.createSecret(id, secret, () => this.#noProject());
    if (!fresh && (await this.#find(ref, id, () => true))) throw exists(ref);
    const added = await this.#api.addVersion(id, encodePayload(value), noSecret(ref));
    if (added.version === 1) return added;
    const name = this.#api.versionName(id, added.version);
    await this.#api.setState(name, 'destroyed', noVersion(ref, added.version)).catch((error) => {
      this.#options.onError?.(error);
    });
    throw exists(ref);
  }

  /** The newest version that is wanted. @throws SecretNotFound when there is no such secret */
  async #find(
    ref: string,
    id: string,
    wanted: (version: SecretVersion) => boolean,
  ): Promise<SecretVersion | undefined> {
    for (let pageToken = ''; ; ) {
      const page = await this.#api.listVersions(id, pageToken, noSecret(ref));
      const found = page.versions.find(wanted);
      if (found || page.nextPageToken === '') return found;
      pageToken = page.nextPageToken;
    }
  }

  async #access(ref: string, id: string, version: number): Promise<string> {
    const value = await this.#tryAccess(ref, id, version);
    if (value !== undefined) return value;
    throw new SecretNotFound(`Version ${version} of secret ${ref} is not enabled.`);
  }

  /** @returns undefined when the version is not enabled */
  async #tryAccess(
    ref: string,
    id: string,
    version: number | 'latest',
  ): Promise<string | undefined> {
    const name = this.#api.versionName(id, version);
    const notFound = version === 'latest' ? noVersions(ref) : noVersion(ref, version);
    let fault: PayloadFault = 'checksum';
    // Read twice: what was damaged on the way comes whole the second time.
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const payload = await this.#api.access(name, notFound);
      if (payload === null) return undefined;
      const decoded = decodePayload(payload);
      if ('value' in decoded) return decoded.value;
      fault = decoded.fault;
    }
    throw new SecretUnreadable(`Version ${version} of secret ${ref} ${FAULTS[fault]}`);
  }

  async #setState(ref: string, version: number, state: SecretState): Promise<void> {
    const name = this.#api.versionName(this.#id(ref), version);
    try {
      if (await this.#api.setState(name, state, noVersion(ref, version))) return;
      // Refused: it has this state already, or is destroyed.
      const { state: current } = await this.#api.getVersion(name, noVersion(ref, version));
      if (current === state) return;
      throw new SecretNotFound(`Version ${version} of secret ${ref} is ${current}.`);
    } finally {
      this.#changes.tell(ref);
    }
  }

  #id(ref: string): string {
    this.#refuseClosed();
    checkSecretRef(ref);
    return secretId(this.#prefix, ref);
  }

  #noProject(): ResourceMissing {
    return new ResourceMissing(`There is no project ${this.#options.projectId}.`);
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ShuttingDown('The secrets are closed: the server is stopping.');
  }
}

function exists(ref: string): SecretExists {
  return new SecretExists(`There is a secret ${ref} already. Add a version to it instead.`);
}

function noSecret(ref: string) {
  return () => new SecretNotFound(`There is no secret ${ref}.`);
}

function noVersions(ref: string) {
  return () => new SecretNotFound(`There is no secret ${ref}, or it has no version.`);
}

function noVersion(ref: string, version: number) {
  return () => new SecretNotFound(`Secret ${ref} has no version ${version}.`);
}
