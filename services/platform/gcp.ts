import type { Bus } from '#platform/bus/bus.ts';
import { openPubSubBus } from '#platform/bus/pubsub/bus.ts';
import type { Endpoint, GcpConfig } from '#platform/config/gcp-config.ts';
import type { Database } from '#platform/database/database.ts';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { createRemoteKeys } from '#platform/jwt/remote-keys.ts';
import type { JobSpec, Scheduler } from '#platform/scheduler/scheduler.ts';
import { createTaskTokenVerifier } from '#platform/scheduler/task-token.ts';
import { openSecretManagerSecrets } from '#platform/secrets/secret-manager/secret-manager.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { openBigQueryWarehouse } from '#platform/warehouse/bigquery/warehouse.ts';
import { InvalidConfig } from '#schemas/problems.ts';
import { CONSUMERS, LEDGER_COUNTS, OUTBOX, PUBLISHED, WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { SECRET_EVENTS_TOPIC } from '#schemas/topics.ts';
import type { OnError, Platform } from './platform.ts';

/** What the roles append to. Readiness asks about these, so an account needs no right on the others. */
const APPENDED = [OUTBOX, WEBHOOK_REQUESTS, LEDGER_COUNTS, CONSUMERS] as const;
/** A little longer than a sender waits: a later confirmation helps nobody, and holds up the end. */
const APPEND_TIMEOUT_MS = 3_000;

/**
 * Opens the drivers of Google Cloud. None of them waits for its service: a process starts while one
 * of them is away, and `check` of each says so.
 */
export async function openGcpPlatform(gcp: GcpConfig, onError: OnError): Promise<Platform> {
  const opened = new AsyncDisposableStack();
  const keep = <Capability extends { close(): Promise<void> }>(capability: Capability) =>
    opened.adopt(capability, (one) => one.close());
  // The emulator takes BigQuery subscriptions and writes nothing.
  const recordsPassage = gcp.emulators.pubsub !== undefined;
  try {
    const database = keep(openDatabase(gcp, onError));
    const warehouse = keep(
      await openBigQueryWarehouse({
        projectId: gcp.projectId,
        dataset: gcp.dataset,
        location: gcp.datasetLocation,
        connections: gcp.appendConnections,
        tables: recordsPassage ? [...APPENDED, PUBLISHED] : APPENDED,
        appendTimeoutMs: APPEND_TIMEOUT_MS,
        restEndpoint: origin(gcp.emulators.bigquery),
        storageEndpoint: gcp.emulators.bigqueryStorage,
        onError,
      }),
    );
    const bus = keep(
      await openPubSubBus({
        projectId: gcp.projectId,
        emulatorHost: gcp.emulators.pubsub && hostAndPort(gcp.emulators.pubsub),
        // In a project Terraform makes topics and subscriptions; an emulator has only us.
        createMissing: gcp.emulators.pubsub !== undefined,
        onError,
        onWarning: (text) => onError(text, undefined),
      }),
    );
    const secrets = keep(await openGcpSecrets(gcp, bus, onError));
    const resources = opened.move();
    return {
      bus,
      database,
      secrets,
      warehouse,
      shared: true,
      recordsPassage,
      verifyTaskToken: taskTokenVerifier(gcp),
      openScheduler: (_ownUrl, jobs) => openScheduler(gcp, jobs, onError),
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** @param bus carries the notifications of changed secrets; without it only own changes are told */
export function openGcpSecrets(
  gcp: GcpConfig,
  bus?: Bus,
  onError: OnError = () => undefined,
): Promise<Secrets> {
  return openSecretManagerSecrets({
    projectId: gcp.projectId,
    prefix: gcp.secretPrefix,
    endpoint: gcp.emulators.secretManager,
    notificationTopic: `projects/${gcp.projectId}/topics/${SECRET_EVENTS_TOPIC}`,
    watchTopic: bus && ((onMessage) => bus.watch(SECRET_EVENTS_TOPIC, onMessage)),
    onError: (error) => onError('Secret Manager reports a failure.', error),
  });
}

function openDatabase({ database }: GcpConfig, onError: OnError): Database {
  const { cloudSqlInstance, ipType, host, port, user, password, poolSize } = database;
  return openPostgres({
    connection:
      cloudSqlInstance === undefined
        ? { host, port, user, password, database: database.database }
        : { cloudSqlInstance, ipType, user, database: database.database },
    poolSize,
    onError,
  });
}

/** Terraform makes the product's own jobs in a project, so that no process needs the right to. */
async function openScheduler(
  { projectId, location, tasks, emulators }: GcpConfig,
  jobs: readonly JobSpec[],
  onError: OnError,
): Promise<Scheduler> {
  if (tasks.workerUrl === undefined || tasks.account === undefined) {
    throw new InvalidConfig('TRIBUTARY_WORKER_URL and TRIBUTARY_TASK_ACCOUNT are required.');
  }
  // Loaded here: two of three roles need no scheduler, and its client takes 40 ms to load.
  const { openCloudScheduler } = await import(
    '#platform/scheduler/cloud-scheduler/cloud-scheduler.ts'
  );
  const scheduler = await openCloudScheduler({
    projectId,
    location,
    workerUrl: tasks.workerUrl,
    audience: tasks.audience,
    serviceAccountEmail: tasks.account,
    endpoint: emulators.scheduler,
    onError: (error) => onError('Cloud Scheduler reports a failure.', error),
  });
  if (emulators.scheduler) for (const job of jobs) await scheduler.upsert(job);
  return scheduler;
}

function taskTokenVerifier({ tasks }: GcpConfig): Platform['verifyTaskToken'] {
  return createTaskTokenVerifier({
    issuer: tasks.issuer,
    audience: tasks.audience,
    // Only the roles that run tasks verify tokens, and those have an account.
    email: tasks.account ?? '',
    jwks: createRemoteKeys(tasks.jwksUrl),
  });
}

function hostAndPort({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}

function origin(endpoint: Endpoint | undefined): string | undefined {
  return endpoint && `http://${hostAndPort(endpoint)}`;
}
