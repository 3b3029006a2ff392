// The product on what stands in for Google Cloud: three roles as processes, every store behind a proxy.
import { join } from 'node:path';
import { makeClients } from '#platform/bus/pubsub/clients.ts';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { startTcpProxy, type TcpEndpoint, type TcpProxy } from '#platform/testing/tcp-proxy.ts';
import { OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import {
  EVENTS_TOPIC,
  OBSERVATIONS_PUBLISHED_SUBSCRIPTION,
  PUBLISHED_SUBSCRIPTION,
  RESOLVER_SUBSCRIPTION,
} from '#schemas/topics.ts';
import { startCloud } from '../../support/cloud-parts.ts';
import { countDeliveries, installObserver, OBSERVER, readEffects } from '../observer/observer.ts';
import { queryColumn } from './big-query-rows.ts';
import { CarriedWatch } from './carried.ts';
import { runCommand } from './command.ts';
import { Fleet, type Role } from './fleet.ts';
import { giveBack } from './give-back.ts';
import {
  API_TOKEN,
  countById,
  type Dependency,
  type Installation,
  missing,
} from './installation.ts';
import { startProcess } from './process.ts';
import { runJobs } from './run-jobs.ts';

export interface InstallationOptions {
  /** Folder for what its processes write, kept when a scenario fails. */
  readonly logDir: string;
  /** Lets the clocks of its processes be set. */
  readonly clock?: boolean;
}

/** Those whose share a killed worker leaves behind. */
const SUBSCRIPTIONS = [
  OBSERVER,
  RESOLVER_SUBSCRIPTION,
  PUBLISHED_SUBSCRIPTION,
  OBSERVATIONS_PUBLISHED_SUBSCRIPTION,
];

/** Starts stores of its own and the product on them. @throws Error when a part is missing */
export async function installOnGcp({ logDir, clock }: InstallationOptions): Promise<Installation> {
  const stack = new AsyncDisposableStack();
  try {
    const cloud = stack.adopt(await startCloud(), (one) => one.stop());
    const own = await cloud.installation();
    const proxied = async (endpoint: TcpEndpoint) =>
      stack.adopt(await startTcpProxy(endpoint), (one) => one.close());
    const pubsubProxy = await proxied(endpointOf(own.PUBSUB_EMULATOR_HOST));
    const restProxy = await proxied(endpointOf(own.BIGQUERY_EMULATOR_HOST));
    const storageProxy = await proxied(endpointOf(own.BIGQUERY_STORAGE_EMULATOR_HOST));
    const postgresProxy = await proxied({ host: own.PGHOST ?? '', port: Number(own.PGPORT) });
    const secretsProxy = await proxied(endpointOf(own.SECRET_MANAGER_EMULATOR_HOST));
    const dependencies = new Map<Dependency, readonly TcpProxy[]>([
      ['pubsub', [pubsubProxy]],
      ['bigquery', [restProxy, storageProxy]],
      ['postgres', [postgresProxy]],
      ['secrets', [secretsProxy]],
    ]);
    const nowhere = { host: '127.0.0.1', port: 1 };
    const fronts = new Map<Role, TcpProxy>();
    for (const role of ['intake', 'worker', 'control'] as const) {
      fronts.set(role, await proxied(nowhere));
    }
    const originOf = (role: Role) => `http://${addressOf(fronts.get(role)?.endpoint ?? nowhere)}`;
    const env: Record<string, string> = {
      ...own,
      TRIBUTARY_PORT: '0',
      TRIBUTARY_API_TOKEN: API_TOKEN,
      TRIBUTARY_RATE_LIMIT_PER_SECOND: '1000000',
      TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '1000000',
      TRIBUTARY_ACCEPT_PATIENCE_MS: '400',
      // What is missing is to be healed while the suite looks on.
      TRIBUTARY_RECONCILE_GRACE_SECONDS: '45',
      TRIBUTARY_PUBLIC_URL: originOf('intake'),
      TRIBUTARY_WORKER_URL: originOf('worker'),
      PUBSUB_EMULATOR_HOST: addressOf(pubsubProxy.endpoint),
      BIGQUERY_EMULATOR_HOST: addressOf(restProxy.endpoint),
      BIGQUERY_STORAGE_EMULATOR_HOST: addressOf(storageProxy.endpoint),
      SECRET_MANAGER_EMULATOR_HOST: addressOf(secretsProxy.endpoint),
      PGHOST: postgresProxy.endpoint.host,
      PGPORT: String(postgresProxy.endpoint.port),
    };
    const [projectId, dataset] = [
      own.GOOGLE_CLOUD_PROJECT ?? '',
      own.TRIBUTARY_BIGQUERY_DATASET ?? '',
    ];

    // Past the proxies: what the suite itself looks at is always there.
    const database = stack.adopt(
      openPostgres({
        connection: {
          ...endpointOf(`${own.PGHOST}:${own.PGPORT}`),
          user: own.PGUSER ?? '',
          password: own.PGPASSWORD ?? '',
          database: own.PGDATABASE ?? '',
        },
      }),
      (one) => one.close(),
    );
    await database.migrate();
    await installObserver(database);
    const emulatorHost = own.PUBSUB_EMULATOR_HOST ?? '';
    const clients = await makeClients({ projectId, emulatorHost });
    stack.defer(() => clients.close());
    const { pubsub } = clients;
    const carried = stack.adopt(await CarriedWatch.start(pubsub), (one) => one.close());
    const idsIn = async (table: string, column: string) => {
      const rest = `http://${own.BIGQUERY_EMULATOR_HOST}`;
      const sql = `SELECT ${column} AS event_id FROM \`${dataset}.${table}\``;
      return countById(await queryColumn(rest, projectId, sql));
    };
    const outbox = () => idsIn(OUTBOX.name, 'event_id');
    const proofs = () => idsIn(PUBLISHED.name, "JSON_VALUE(attributes, '$.event_id')");

    const giveBackAll = async () => {
      for (const name of SUBSCRIPTIONS) await giveBack(pubsub, name);
    };

    let started = 0;
    const fleet = new Fleet({
      fronts,
      // The emulator gives a key's later messages to a new reader as soon as the old one closes, which
      // has earlier ones unsettled; Pub/Sub waits for those.
      overlapping: new Set<Role>(['intake', 'control']),
      launch: (role) => {
        started += 1;
        return startProcess({
          entry: role === 'worker' ? 'observed' : 'product',
          env: { ...env, TRIBUTARY_ROLE: role },
          cwd: logDir,
          logFile: join(logDir, `${role}-${started}.log`),
          ...(clock && { clock }),
        });
      },
      afterKill: async (role) => {
        if (role === 'worker') await giveBackAll();
      },
    });
    stack.defer(() => fleet.killAll());
    await fleet.startAll();
    const resources = stack.move();
    return {
      webhookOrigin: originOf('intake'),
      apiOrigin: originOf('control'),
      fleet,
      dependencies,
      giveBack: async () => {
        pubsubProxy.refuse();
        await giveBackAll();
      },
      runTasks: () =>
        runJobs(originOf('worker'), () =>
          cloud.scheduler.issuer.sign('tributary-tasks', own.TRIBUTARY_TASK_ACCOUNT ?? ''),
        ),
      command: (...args) => {
        const { endpoint } = fronts.get('control') ?? { endpoint: nowhere };
        return runCommand(args, { ...env, TRIBUTARY_PORT: String(endpoint.port) }, logDir);
      },
      async republish(share, random) {
        const copies = carried.latest.filter(() => random() < share);
        const topic = pubsub.topic(EVENTS_TOPIC, { messageOrdering: true });
        await Promise.all(copies.map((copy) => topic.publishMessage(copy)));
      },
      async lag(events) {
        const effects = new Set((await readEffects(database)).map(({ eventId }) => eventId));
        const consumed = missing(events, effects);
        const unseen = missing(events, carried.carried);
        if (consumed + unseen > 0) return { consumed, published: unseen, outbox: undefined };
        const [published, inOutbox] = [await proofs(), await outbox()];
        return {
          consumed,
          published: missing(events, published),
          outbox: missing(events, inOutbox),
        };
      },
      async collect() {
        return {
          outbox: await outbox(),
          published: carried.carried,
          effects: await readEffects(database),
          deliveries: await countDeliveries(database),
        };
      },
      async close() {
        for (const proxy of [...dependencies.values()].flat()) proxy.heal();
        await resources.disposeAsync();
      },
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function endpointOf(hostAndPort = ''): TcpEndpoint {
  const [host = '', port] = hostAndPort.split(':');
  return { host, port: Number(port) };
}

function addressOf({ host, port }: TcpEndpoint): string {
  return `${host}:${port}`;
}
