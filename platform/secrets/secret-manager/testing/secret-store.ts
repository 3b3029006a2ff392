import { crc32c } from '@aws-crypto/crc32c';
import { status as Code } from '@grpc/grpc-js';
import { GrpcStatus } from '#platform/testing/grpc-status.ts';
import { checkNewSecret, refuseUnless, type SecretRequest } from './secret-checks.ts';

export type State = 'ENABLED' | 'DISABLED' | 'DESTROYED';

interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

export interface StoredVersion {
  readonly name: string;
  readonly createTime: Timestamp;
  destroyTime: Timestamp | null;
  state: State;
  etag: string;
  data: Buffer;
  readonly clientSpecifiedPayloadChecksum: boolean;
}

export interface StoredSecret extends SecretRequest {
  readonly name: string;
  readonly createTime: Timestamp;
  readonly etag: string;
  readonly versions: StoredVersion[];
}

const MAX_PAYLOAD_BYTES = 64 * 1024;

/** The secrets of one project, in memory, by the rules of Google's proto. */
export class SecretStore {
  readonly #secrets = new Map<string, StoredSecret>();
  readonly #projectNumber: string;
  #etags = 0;

  constructor(projectNumber: string) {
    this.#projectNumber = projectNumber;
  }

  create(id: string, request: SecretRequest | null): StoredSecret {
    checkNewSecret(id, request);
    // Google answers with the project's number, whatever the request had.
    const name = `projects/${this.#projectNumber}/secrets/${id}`;
    if (this.#secrets.has(id)) {
      throw new GrpcStatus(Code.ALREADY_EXISTS, `Secret [${name}] already exists.`);
    }
    const etag = this.#newEtag();
    const secret = { ...request, name, createTime: now(), etag, versions: [] };
    this.#secrets.set(id, secret);
    return secret;
  }

  find(id: string): StoredSecret {
    const secret = this.#secrets.get(id);
    if (secret) return secret;
    const name = `projects/${this.#projectNumber}/secrets/${id}`;
    throw new GrpcStatus(Code.NOT_FOUND, `Secret [${name}] not found or has no versions.`);
  }

  list(): StoredSecret[] {
    return [...this.#secrets.values()].reverse();
  }

  delete(id: string, etag: string): StoredSecret {
    const secret = this.find(id);
    checkEtag(etag, secret.etag);
    this.#secrets.delete(id);
    return secret;
  }

  addVersion(id: string, payload: { data?: Buffer; dataCrc32c?: string } | null): StoredVersion {
    const secret = this.find(id);
    // Seen in answers to requests with an empty value.
    refuseUnless(Boolean(payload?.data?.length), 'Field [payload] is required.');
    const data = Buffer.from(payload?.data ?? []);
    refuseUnless(data.length <= MAX_PAYLOAD_BYTES, 'The payload is larger than 65536 bytes.');
    const checksum = payload?.dataCrc32c;
    const fits = checksum === undefined || checksum === String(crc32c(data));
    refuseUnless(fits, 'The payload does not match its checksum.');
    const version = {
      name: `${secret.name}/versions/${secret.versions.length + 1}`,
      createTime: now(),
      destroyTime: null,
      state: 'ENABLED' as const,
      etag: this.#newEtag(),
      data,
      clientSpecifiedPayloadChecksum: checksum !== undefined,
    };
    secret.versions.push(version);
    return version;
  }

  /** @param version a number, or `latest`: the one created last, whatever its state */
  findVersion(id: string, version: string): StoredVersion {
    const secret = this.find(id);
    refuseUnless(version === 'latest' || /^[1-9]\d*$/.test(version), 'The version is malformed.');
    const index = version === 'latest' ? secret.versions.length : Number(version);
    const found = secret.versions[index - 1];
    if (found) return found;
    const name = `${secret.name}/versions/${version}`;
    throw new GrpcStatus(Code.NOT_FOUND, `Secret Version [${name}] not found.`);
  }

  access(id: string, version: string): { name: string; data: Buffer } {
    const found = this.findVersion(id, version);
    refuseState(found, found.state !== 'ENABLED');
    return found;
  }

  setState(id: string, version: string, state: State, etag: string): StoredVersion {
    const found = this.findVersion(id, version);
    checkEtag(etag, found.etag);
    // Not even a second destruction: "A version may not leave this state once entered".
    refuseState(found, found.state === 'DESTROYED');
    found.state = state;
    found.etag = this.#newEtag();
    if (state === 'DESTROYED') {
      found.destroyTime = now();
      found.data = Buffer.alloc(0);
    }
    return found;
  }

  #newEtag(): string {
    this.#etags += 1;
    return `"${this.#etags.toString(16)}"`;
  }
}

function refuseState({ name, state }: StoredVersion, refused: boolean): void {
  if (!refused) return;
  throw new GrpcStatus(Code.FAILED_PRECONDITION, `Secret Version [${name}] is in ${state} state.`);
}

function checkEtag(given: string, current: string): void {
  if (given === '' || given === current) return;
  throw new GrpcStatus(Code.ABORTED, 'The etag does not match the current one.');
}

function now(): Timestamp {
  const ms = Date.now();
  return { seconds: String(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}
