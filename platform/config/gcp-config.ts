import { InvalidConfig } from '#schemas/problems.ts';
import type { Variables } from './variables.ts';

/** host and port of something spoken to in plain text. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface GcpConfig {
  readonly projectId: string;
  readonly location: string;
  readonly dataset: string;
  readonly datasetLocation: string;
  readonly appendConnections: number;
  readonly secretPrefix: string;
  readonly database: {
    readonly cloudSqlInstance: string | undefined;
    readonly ipType: 'PRIVATE' | 'PUBLIC' | 'PSC';
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string | undefined;
    readonly database: string;
    readonly poolSize: number;
  };
  readonly tasks: {
    readonly workerUrl: string | undefined;
    readonly account: string | undefined;
    readonly audience: string;
    readonly issuer: string;
    readonly jwksUrl: string;
  };
  /** Set only in tests; undefined is Google's own. */
  readonly emulators: {
    readonly pubsub: Endpoint | undefined;
    readonly bigquery: Endpoint | undefined;
    readonly bigqueryStorage: Endpoint | undefined;
    readonly secretManager: Endpoint | undefined;
    readonly scheduler: Endpoint | undefined;
  };
}

/**
 * What a process on Google Cloud needs besides.
 *
 * @throws InvalidConfig naming every variable that is missing
 */
export function readGcpConfig(values: Variables): GcpConfig {
  const runsTasks = values.TRIBUTARY_ROLE === 'all' || values.TRIBUTARY_ROLE === 'worker';
  const runsApi = values.TRIBUTARY_ROLE === 'all' || values.TRIBUTARY_ROLE === 'control';
  const missing = [
    ['GOOGLE_CLOUD_PROJECT', true],
    ['TRIBUTARY_WORKER_URL', runsTasks],
    ['TRIBUTARY_TASK_ACCOUNT', runsTasks],
    ['TRIBUTARY_API_TOKEN', runsApi],
    // The worker tells it to the providers that webhooks are registered at.
    ['TRIBUTARY_PUBLIC_URL', true],
  ] as const;
  const faults = missing
    .filter(([name, needed]) => needed && values[name] === undefined)
    .map(([name]) => ({ pointer: `/${name}`, message: 'is required on gcp' }));
  if (faults.length > 0) {
    const list = faults.map(({ pointer }) => pointer.slice(1)).join(', ');
    throw new InvalidConfig(
      `TRIBUTARY_PLATFORM is gcp, which also needs ${list}. See docs/operations.md.`,
      { faults },
    );
  }
  return {
    projectId: values.GOOGLE_CLOUD_PROJECT ?? '',
    location: values.GOOGLE_CLOUD_LOCATION,
    dataset: values.TRIBUTARY_BIGQUERY_DATASET,
    datasetLocation: values.TRIBUTARY_BIGQUERY_LOCATION,
    appendConnections: values.TRIBUTARY_BIGQUERY_CONNECTIONS,
    secretPrefix: values.TRIBUTARY_SECRET_PREFIX,
    database: {
      cloudSqlInstance: values.TRIBUTARY_CLOUD_SQL_INSTANCE,
      ipType: values.TRIBUTARY_CLOUD_SQL_IP,
      host: values.PGHOST,
      port: values.PGPORT,
      user: values.PGUSER,
      password: values.PGPASSWORD,
      database: values.PGDATABASE,
      poolSize: values.TRIBUTARY_DATABASE_POOL_SIZE,
    },
    tasks: {
      workerUrl: values.TRIBUTARY_WORKER_URL?.replace(/\/+$/, ''),
      account: values.TRIBUTARY_TASK_ACCOUNT,
      audience: values.TRIBUTARY_TASK_AUDIENCE,
      issuer: values.TRIBUTARY_TASK_ISSUER,
      jwksUrl: values.TRIBUTARY_TASK_JWKS_URL,
    },
    emulators: {
      pubsub: endpoint(values.PUBSUB_EMULATOR_HOST),
      bigquery: endpoint(values.BIGQUERY_EMULATOR_HOST),
      bigqueryStorage: endpoint(values.BIGQUERY_STORAGE_EMULATOR_HOST),
      secretManager: endpoint(values.SECRET_MANAGER_EMULATOR_HOST),
      scheduler: endpoint(values.CLOUD_SCHEDULER_EMULATOR_HOST),
    },
  };
}

function endpoint(hostAndPort: string | undefined): Endpoint | undefined {
  const [host, port] = hostAndPort?.split(':') ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}
