// What stands in for Google Cloud, started together: Google's Pub/Sub emulator, a BigQuery emulator, a
// real PostgreSQL, and stand-ins for Secret Manager and Cloud Scheduler in this process.
import { openPubSubBus } from '#platform/bus/pubsub/bus.ts';
import { PUBSUB_EMULATOR, startPubSubEmulator } from '#platform/bus/pubsub/testing/emulator.ts';
import type { Endpoint } from '#platform/config/gcp-config.ts';
import { POSTGRES, startPostgres } from '#platform/database/postgres/testing/server.ts';
import {
  type CloudSchedulerServer,
  startCloudSchedulerServer,
} from '#platform/scheduler/cloud-scheduler/testing/server.ts';
import {
  type SecretManagerServer,
  startSecretManagerServer,
} from '#platform/secrets/secret-manager/testing/server.ts';
import { freePort } from '#platform/testing/server-process.ts';
import {
  BIGQUERY_EMULATOR,
  startBigQueryEmulator,
} from '#platform/warehouse/bigquery/testing/emulator.ts';
import { createDataset } from '#platform/warehouse/bigquery/testing/tables.ts';
import { SECRET_EVENTS_TOPIC } from '#schemas/topics.ts';

export const CLOUD_PARTS = [PUBSUB_EMULATOR, BIGQUERY_EMULATOR, POSTGRES] as const;

const PROJECT = 'acme-events';
const LOCATION = 'europe-west1';
const TASK_ACCOUNT = `scheduler@${PROJECT}.iam.gserviceaccount.com`;

export interface Cloud {
  /** The environment of a process on it, but for the API token; dataset, database and port are its own. */
  installation(): Promise<Record<string, string>>;
  readonly scheduler: CloudSchedulerServer;
  readonly secretManager: SecretManagerServer;
  /** Ends one of the emulators, as an outage would. */
  readonly bus: { stop(): Promise<void> };
  readonly warehouse: { stop(): Promise<void> };
  stop(): Promise<void>;
}

/** @throws Error when a part is missing: CLOUD_PARTS says which there are to be */
export async function startCloud(): Promise<Cloud> {
  const [jar, bigQueryBinary, postgresDir] = CLOUD_PARTS.map((part) => {
    const path = part.find();
    if (path === undefined) throw new Error(`${part.name} is missing: ${part.howToGet}`);
    return path;
  });
  const stack = new AsyncDisposableStack();
  const stopLater = <One extends { stop(): Promise<void> }>(one: One) =>
    stack.adopt(one, (started) => started.stop());
  try {
    const bus = stopLater(await startPubSubEmulator(jar ?? ''));
    const warehouse = stopLater(
      await startBigQueryEmulator(bigQueryBinary ?? '', { projectId: PROJECT }),
    );
    const postgres = stopLater(await startPostgres(postgresDir ?? '', { maxConnections: 200 }));
    const notifier = stack.adopt(
      await openPubSubBus({ projectId: PROJECT, emulatorHost: bus.host, createMissing: true }),
      (one) => one.close(),
    );
    const secretManager = stopLater(
      await startSecretManagerServer({
        projectId: PROJECT,
        onNotification: ({ attributes, data }) => {
          const message = { attributes, data, orderingKey: '' };
          // As Secret Manager does it: what cannot be told is not told.
          notifier.publish(SECRET_EVENTS_TOPIC, [message]).catch(() => undefined);
        },
      }),
    );
    const scheduler = stopLater(
      await startCloudSchedulerServer({ projectId: PROJECT, location: LOCATION }),
    );
    const resources = stack.move();
    let installations = 0;
    return {
      bus,
      warehouse,
      scheduler,
      secretManager,
      stop: () => resources.disposeAsync(),
      async installation() {
        installations += 1;
        const dataset = `installation_${installations}`;
        const { restEndpoint, storageEndpoint } = warehouse;
        await createDataset({ restEndpoint, projectId: PROJECT, dataset });
        const database = await postgres.createDatabase();
        const port = String(await freePort());
        return {
          METADATA_SERVER_DETECTION: 'none',
          TRIBUTARY_PLATFORM: 'gcp',
          TRIBUTARY_PORT: port,
          TRIBUTARY_PUBLIC_URL: `http://127.0.0.1:${port}`,
          GOOGLE_CLOUD_PROJECT: PROJECT,
          GOOGLE_CLOUD_LOCATION: LOCATION,
          TRIBUTARY_BIGQUERY_DATASET: dataset,
          // The emulators take their time, and the spool has suites of its own.
          TRIBUTARY_ACCEPT_PATIENCE_MS: '2000',
          PGHOST: database.host,
          PGPORT: String(database.port),
          PGUSER: database.user,
          PGPASSWORD: database.password ?? '',
          PGDATABASE: database.database,
          TRIBUTARY_WORKER_URL: `http://127.0.0.1:${port}`,
          TRIBUTARY_TASK_ACCOUNT: TASK_ACCOUNT,
          TRIBUTARY_TASK_ISSUER: 'https://accounts.google.com',
          TRIBUTARY_TASK_JWKS_URL: scheduler.issuer.jwksUrl,
          PUBSUB_EMULATOR_HOST: bus.host,
          BIGQUERY_EMULATOR_HOST: new URL(restEndpoint).host,
          BIGQUERY_STORAGE_EMULATOR_HOST: hostAndPort(storageEndpoint),
          SECRET_MANAGER_EMULATOR_HOST: hostAndPort(secretManager.endpoint),
          CLOUD_SCHEDULER_EMULATOR_HOST: hostAndPort(scheduler.endpoint),
        };
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function hostAndPort({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}
