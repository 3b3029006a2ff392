import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions, DriverOptions } from '@google-cloud/cloud-sql-connector';
import {
  DatabaseUnavailable,
  InvalidConfig,
  PermissionMissing,
  ResourceMissing,
} from '#schemas/problems.ts';

/** An instance of Cloud SQL, reached by Google's connector; the login is IAM's, without a password. */
export interface CloudSqlConnection {
  /** `project:region:instance`. */
  readonly cloudSqlInstance: string;
  /** Which address of the instance. */
  readonly ipType: 'PRIVATE' | 'PUBLIC' | 'PSC';
  /** The service account's address without `.gserviceaccount.com`, as Cloud SQL names its role. */
  readonly user: string;
  readonly database: string;
}

/** The part of Google's Connector that is used. */
export interface CloudSqlConnector {
  getOptions(options: ConnectionOptions): Promise<DriverOptions>;
  close(): void;
}

/** Google's Admin API is asked no more often than this while nothing connects. */
const ASK_AGAIN_AFTER_MS = 1_000;
const NEW_CONNECTOR_AFTER_MS = 30_000;

interface Loaded {
  readonly connector: CloudSqlConnector;
  readonly makeSocket: () => Socket;
  readonly loadedAtMs: number;
  /** A socket has come through to the instance. */
  proven: boolean;
}

/**
 * Sockets to an instance of Cloud SQL by Google's connector, with an IAM login. What the connector
 * (1.13.0, read from its source) does of itself would end the process in two places: closing one
 * whose first request failed, and a failed refresh before any socket has come through, both reject
 * where nobody listens. So neither is left to happen.
 */
export class CloudSqlAccess {
  readonly #connection: CloudSqlConnection;
  readonly #makeConnector: () => Promise<CloudSqlConnector>;
  #loading: Promise<Loaded> | undefined;
  #loaded: Loaded | undefined;

  /** @param makeConnector default Google's; tests put another here */
  constructor(connection: CloudSqlConnection, makeConnector = googleConnector) {
    this.#connection = connection;
    this.#makeConnector = makeConnector;
  }

  /**
   * Learns the instance's address and certificates from Google's Admin API, unless they are known.
   *
   * @throws PermissionMissing, ResourceMissing, InvalidConfig
   * @throws DatabaseUnavailable when Google does not answer in time
   */
  async prepare(timeoutMs: number): Promise<void> {
    if (this.#loaded) return;
    this.#loading ??= this.#load();
    const timer = new AbortController();
    const late = delay(timeoutMs, true, { signal: timer.signal }).catch(() => true);
    try {
      if ((await Promise.race([this.#loading, late])) === true) {
        throw new DatabaseUnavailable(
          `Google did not say within ${timeoutMs} ms how to reach ${this.#name}. Retry shortly.`,
        );
      }
    } finally {
      timer.abort();
    }
  }

  /** A new socket for pg, after `prepare`. Never throws: pg's pool would take the process with it. */
  readonly stream = (): Duplex => {
    const loaded = this.#loaded;
    if (!loaded) return failedSocket(new Error(`${this.#name} is not prepared`));
    try {
      const socket = loaded.makeSocket();
      if (!loaded.proven) this.#watch(socket, loaded);
      return socket;
    } catch (error) {
      return failedSocket(error as Error);
    }
  };

  close(): void {
    this.#loading?.then(({ connector }) => connector.close()).catch(() => undefined);
  }

  get #name(): string {
    return `Cloud SQL instance ${this.#connection.cloudSqlInstance}`;
  }

  #load(): Promise<Loaded> {
    const loading = this.#ask();
    loading.then(
      (loaded) => {
        this.#loaded = loaded;
      },
      async () => {
        await delay(ASK_AGAIN_AFTER_MS, undefined, { ref: false });
        this.#loading = undefined;
      },
    );
    return loading;
  }

  async #ask(): Promise<Loaded> {
    const { cloudSqlInstance, ipType } = this.#connection;
    const connector = await this.#makeConnector();
    try {
      const { stream } = await connector.getOptions({
        instanceConnectionName: cloudSqlInstance,
        ipType: ipType as ConnectionOptions['ipType'],
        authType: 'IAM' as ConnectionOptions['authType'],
      });
      return { connector, makeSocket: stream, loadedAtMs: performance.now(), proven: false };
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #watch(socket: Socket, loaded: Loaded): void {
    socket.removeAllListeners('error');
    socket.once('secureConnect', () => {
      loaded.proven = true;
    });
    socket.once('error', () => {
      if (loaded.proven || performance.now() - loaded.loadedAtMs < NEW_CONNECTOR_AFTER_MS) return;
      // In place of the refresh: the address may have changed since the connector asked.
      if (this.#loaded !== loaded) return;
      this.#loaded = undefined;
      this.#loading = undefined;
      loaded.connector.close();
    });
  }

  #translate(cause: unknown): Error {
    const { cloudSqlInstance, ipType } = this.#connection;
    const { status, code } = cause as { status?: unknown; code?: unknown };
    if (status === 403) {
      return new PermissionMissing(
        `${this.#name} cannot be reached: the service account needs cloudsql.instances.get and cloudsql.instances.connect (roles/cloudsql.client) on its project, whose Cloud SQL Admin API must be on. Google also answers so when there is no such instance.`,
        { cause },
      );
    }
    if (status === 404) return new ResourceMissing(`${this.#name} does not exist.`, { cause });
    if (code === 'EBADCONNECTIONNAME') {
      return new InvalidConfig(`"${cloudSqlInstance}" is not project:region:instance.`, { cause });
    }
    if (code === 'EBADSQLADMINREGION') {
      return new ResourceMissing(`${this.#name} is not in the region that is named.`, { cause });
    }
    if (typeof code === 'string' && code.endsWith('IPADDRESS')) {
      return new ResourceMissing(`${this.#name} has no ${ipType} address.`, { cause });
    }
    return new DatabaseUnavailable(
      `Google's Cloud SQL Admin API did not say how to reach ${this.#name}. Retry shortly.`,
      { cause },
    );
  }
}

/** Loaded only where it is used: the connector brings Google's login and takes its time. */
async function googleConnector(): Promise<CloudSqlConnector> {
  const { Connector } = await import('@google-cloud/cloud-sql-connector');
  return new Connector({ userAgent: 'tributary' });
}

/** A socket whose connection fails with this error, in the way pg expects of one. */
function failedSocket(error: Error): Duplex {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  return Object.assign(socket, {
    setNoDelay: () => socket,
    setKeepAlive: () => socket,
    ref: () => socket,
    unref: () => socket,
    connect: () => {
      process.nextTick(() => socket.destroy(error));
      return socket;
    },
  });
}
