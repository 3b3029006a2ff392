import { crc32c } from '@aws-crypto/crc32c';
import { status as Code } from '@grpc/grpc-js';
import { type GrpcServer, startGrpcServer } from '#platform/testing/grpc-server.ts';
import { GrpcStatus } from '#platform/testing/grpc-status.ts';
import { type Notification, notifications } from './notifications.ts';
import { refuseUnless } from './secret-checks.ts';
import { SecretStore, type State, type StoredSecret, type StoredVersion } from './secret-store.ts';

export interface SecretManagerServerOptions {
  readonly projectId: string;
  /** Google's answers and IAM conditions name the project by its number. Default 123456789012. */
  readonly projectNumber?: string;
  /** Gets what the real one publishes to the topics of a secret, after each change. */
  readonly onNotification?: (notification: Notification) => void;
  /**
   * Decides as IAM does. Gets resources with the project's number, as conditions see them. Default:
   * everything is allowed.
   */
  readonly allow?: (permission: string, resource: string) => boolean;
  /** Items on a page of a list, at most. Default 100. */
  readonly maxPageSize?: number;
  readonly port?: number;
}

export interface SecretManagerServer extends GrpcServer {
  /** What stands in it, for assertions. */
  readonly store: SecretStore;
}

const CHANGES: Readonly<Record<string, { readonly state: State; readonly permission: string }>> = {
  EnableSecretVersion: { state: 'ENABLED', permission: 'enable' },
  DisableSecretVersion: { state: 'DISABLED', permission: 'disable' },
  DestroySecretVersion: { state: 'DESTROYED', permission: 'destroy' },
};

/**
 * Starts a stand-in for Secret Manager, for tests: its protocol is that of Google's client, its
 * checks are those that Google's proto states, its secrets are in memory. Not there: regional
 * secrets, aliases, updates, rotation, expiry, filters.
 */
export async function startSecretManagerServer(
  options: SecretManagerServerOptions,
): Promise<SecretManagerServer> {
  const { projectId, projectNumber = '123456789012', maxPageSize = 100, port } = options;
  const store = new SecretStore(projectNumber);

  const authorize = (permission: string, resource: string) => {
    const name = `secretmanager.${permission}`;
    if (options.allow?.(name, resource) ?? true) return;
    throw new GrpcStatus(
      Code.PERMISSION_DENIED,
      `Permission '${name}' denied for resource '${resource}' (or it may not exist).`,
      {
        reason: 'IAM_PERMISSION_DENIED',
        domain: 'iam.googleapis.com',
        metadata: { permission: name, resource },
      },
    );
  };
  /** The parts of a name below the project, by the pattern of its kind. */
  const parse = (name: string, pattern: RegExp): string[] => {
    const [, project, ...rest] = new RegExp(`^projects/([^/]+)${pattern.source}$`).exec(name) ?? [];
    refuseUnless(project !== undefined, `Resource name [${name}] is malformed.`);
    if (project !== projectId && project !== projectNumber) {
      throw new GrpcStatus(
        Code.PERMISSION_DENIED,
        `Permission denied on resource project ${project}.`,
        { reason: 'CONSUMER_INVALID', domain: 'googleapis.com' },
      );
    }
    return rest;
  };
  const project = `projects/${projectNumber}`;
  const secretOf = (name: string, permission: string) => {
    const [id = ''] = parse(name, /\/secrets\/([^/]+)/);
    authorize(permission, `${project}/secrets/${id}`);
    return id;
  };
  const versionOf = (name: string, permission: string) => {
    const [id = '', version = ''] = parse(name, /\/secrets\/([^/]+)\/versions\/([^/]+)/);
    authorize(permission, `${project}/secrets/${id}/versions/${version}`);
    return [id, version] as const;
  };
  const notify = (eventType: string, secret: StoredSecret, version?: StoredVersion) => {
    for (const one of notifications(eventType, secret, version)) options.onNotification?.(one);
  };
  const page = <Item>(items: readonly Item[], pageSize: number, pageToken: string) => {
    const from = pageToken === '' ? 0 : Number(/^after-(\d+)$/.exec(pageToken)?.[1] ?? Number.NaN);
    refuseUnless(Number.isInteger(from), 'The page token is not valid.');
    const to = from + Math.min(pageSize || maxPageSize, maxPageSize);
    const nextPageToken = to < items.length ? `after-${to}` : '';
    return { items: items.slice(from, to), nextPageToken, totalSize: items.length };
  };

  const server = await startGrpcServer({
    source: {
      clientPackage: '@google-cloud/secret-manager',
      protoFile: 'google/cloud/secretmanager/v1/service.proto',
      service: 'google.cloud.secretmanager.v1.SecretManagerService',
    },
    port,
    unary: {
      CreateSecret({ parent, secretId, secret }) {
        parse(parent, /(?:)/);
        authorize('secrets.create', project);
        const created = store.create(secretId, secret);
        notify('SECRET_CREATE', created);
        return created;
      },
      GetSecret({ name }) {
        return store.find(secretOf(name, 'secrets.get'));
      },
      ListSecrets({ parent, pageSize, pageToken }) {
        parse(parent, /(?:)/);
        authorize('secrets.list', project);
        const { items, ...rest } = page(store.list(), pageSize, pageToken);
        return { secrets: items, ...rest };
      },
      DeleteSecret({ name, etag }) {
        notify('SECRET_DELETE', store.delete(secretOf(name, 'secrets.delete'), etag));
        return {};
      },
      AddSecretVersion({ parent, payload }) {
        const id = secretOf(parent, 'versions.add');
        const added = store.addVersion(id, payload);
        notify('SECRET_VERSION_ADD', store.find(id), added);
        return described(added);
      },
      GetSecretVersion({ name }) {
        return described(store.findVersion(...versionOf(name, 'versions.get')));
      },
      ListSecretVersions({ parent, pageSize, pageToken }) {
        const { versions } = store.find(secretOf(parent, 'versions.list'));
        const { items, ...rest } = page(versions.toReversed(), pageSize, pageToken);
        return { versions: items.map(described), ...rest };
      },
      AccessSecretVersion({ name }) {
        const { name: found, data } = store.access(...versionOf(name, 'versions.access'));
        return { name: found, payload: { data, dataCrc32c: String(crc32c(data)) } };
      },
      ...Object.fromEntries(
        Object.entries(CHANGES).map(([method, { state, permission }]) => [
          method,
          ({ name, etag }: { name: string; etag: string }) => {
            const [id, version] = versionOf(name, `versions.${permission}`);
            const changed = store.setState(id, version, state, etag);
            notify(`SECRET_VERSION_${permission.toUpperCase()}`, store.find(id), changed);
            return described(changed);
          },
        ]),
      ),
    },
  });
  return Object.assign(server, { store });
}

function described({ data: _, ...version }: StoredVersion): Omit<StoredVersion, 'data'> {
  return version;
}
