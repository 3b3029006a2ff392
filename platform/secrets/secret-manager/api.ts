import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { status as Code } from '@grpc/grpc-js';
import { clientOptions, type PlainEndpoint } from '#platform/google/client-options.ts';
import { UnaryCalls } from '#platform/google/unary-calls.ts';
import type { Problem } from '#schemas/problem.ts';
import type { SecretState, SecretVersion } from '../secrets.ts';
import { translate } from './errors.ts';
import type { Payload } from './payload.ts';

/** The states a version can be asked to take, with the methods that do it. */
const CHANGES = {
  enabled: { method: 'enableSecretVersion', permission: 'secretmanager.versions.enable' },
  disabled: { method: 'disableSecretVersion', permission: 'secretmanager.versions.disable' },
  destroyed: { method: 'destroySecretVersion', permission: 'secretmanager.versions.destroy' },
} as const;

const AGAIN: ReadonlySet<Code> = new Set([Code.UNAVAILABLE]);
const NEVER: ReadonlySet<Code> = new Set();

type NotFound = () => Problem;

interface WireVersion {
  readonly name?: string;
  readonly state?: string;
  readonly createTime?: { readonly seconds?: unknown; readonly nanos?: number } | null;
}

/**
 * The calls of Secret Manager that we make, by resource names. Made again when Secret Manager is
 * unavailable are those that may happen twice: all but addVersion.
 */
export class SecretManagerApi {
  readonly #calls: UnaryCalls;
  readonly #project: string;

  constructor(projectId: string, endpoint: PlainEndpoint | undefined, timeoutMs: number) {
    this.#project = `projects/${projectId}`;
    const options = clientOptions(projectId, endpoint);
    this.#calls = new UnaryCalls(() => new SecretManagerServiceClient(options), timeoutMs);
  }

  secretName(id: string): string {
    return `${this.#project}/secrets/${id}`;
  }

  versionName(id: string, version: number | 'latest'): string {
    return `${this.secretName(id)}/versions/${version}`;
  }

  /** @returns false when there is one of this id */
  async createSecret(id: string, secret: object, notFound: NotFound): Promise<boolean> {
    const attempt = {
      permission: 'secretmanager.secrets.create',
      resource: this.#project,
      notFound,
      ignored: Code.ALREADY_EXISTS,
    };
    const request = { parent: this.#project, secretId: id, secret };
    return (await this.#call('createSecret', request, { parent: this.#project }, attempt)) !== null;
  }

  async addVersion(id: string, payload: Payload, notFound: NotFound): Promise<SecretVersion> {
    const parent = this.secretName(id);
    const attempt = {
      permission: 'secretmanager.versions.add',
      resource: parent,
      notFound,
      holdsValue: true,
      retryCodes: NEVER,
    };
    return version(await this.#call('addSecretVersion', { parent, payload }, { parent }, attempt));
  }

  /** @returns null when the version is not enabled */
  async access(name: string, notFound: NotFound): Promise<Payload | null> {
    const attempt = {
      permission: 'secretmanager.versions.access',
      resource: name,
      notFound,
      ignored: Code.FAILED_PRECONDITION,
    };
    const answer = await this.#call<{ payload?: Payload }>(
      'accessSecretVersion',
      { name },
      { name },
      attempt,
    );
    return answer && (answer.payload ?? {});
  }

  async getVersion(name: string, notFound: NotFound): Promise<SecretVersion> {
    const attempt = { permission: 'secretmanager.versions.get', resource: name, notFound };
    return version(await this.#call('getSecretVersion', { name }, { name }, attempt));
  }

  /** One page of a secret's versions, newest first, as Google's proto says. */
  async listVersions(
    id: string,
    pageToken: string,
    notFound: NotFound,
  ): Promise<{ versions: SecretVersion[]; nextPageToken: string }> {
    const parent = this.secretName(id);
    const attempt = { permission: 'secretmanager.versions.list', resource: parent, notFound };
    const page = await this.#call<{ versions?: WireVersion[]; nextPageToken?: string }>(
      'listSecretVersions',
      { parent, pageToken },
      { parent },
      attempt,
    );
    return {
      versions: (page?.versions ?? []).map(version),
      nextPageToken: page?.nextPageToken ?? '',
    };
  }

  /** @returns false when the version's state does not allow it */
  async setState(name: string, state: SecretState, notFound: NotFound): Promise<boolean> {
    const { method, permission } = CHANGES[state];
    const attempt = { permission, resource: name, notFound, ignored: Code.FAILED_PRECONDITION };
    return (await this.#call(method, { name }, { name }, attempt)) !== null;
  }

  close(): Promise<void> {
    return this.#calls.close();
  }

  /** @returns null when it failed with the code to be ignored */
  async #call<Answer extends object>(
    method: string,
    request: object,
    routing: Readonly<Record<string, string>>,
    attempt: Parameters<typeof translate>[1] & { ignored?: Code; retryCodes?: ReadonlySet<Code> },
  ): Promise<Answer | null> {
    const { ignored, retryCodes = AGAIN } = attempt;
    try {
      return await this.#calls.call<Answer>(method, request, { routing, retryCodes });
    } catch (error) {
      if (ignored !== undefined && (error as { code?: unknown }).code === ignored) return null;
      throw translate(error, attempt);
    }
  }
}

function version(wire: WireVersion | null): SecretVersion {
  const { seconds, nanos = 0 } = wire?.createTime ?? {};
  return {
    version: Number(wire?.name?.split('/').at(-1)),
    state: STATES[wire?.state ?? ''] ?? 'disabled',
    createdAtMs: Number(seconds) * 1000 + Math.floor(nanos / 1e6),
  };
}

const STATES: Readonly<Record<string, SecretState>> = {
  ENABLED: 'enabled',
  DISABLED: 'disabled',
  DESTROYED: 'destroyed',
};
