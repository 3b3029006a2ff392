import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Config, Role } from '#platform/config/config.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import type { ApiToken } from './access/api-token.ts';
import type { LocalIssuer } from './access/local-issuer.ts';
import { openAccess } from './access/open-access.ts';
import { signInUrl } from './access/sign-in-link.ts';
import { ConnectionDirectory } from './connections/directory.ts';
import { ConnectionStore } from './connections/store.ts';
import type { Consumer } from './consumers/consumer.ts';
import { type Check, healthRoutes } from './http/health.ts';
import { createServer } from './http/server.ts';
import { RequestLog } from './intake/request-log.ts';
import { AcceptanceCounts } from './ledger/acceptance-counts.ts';
import { countedAccept } from './ledger/counted-accept.ts';
import { Metrics } from './metrics/metrics.ts';
import { openOutbox } from './outbox/open-outbox.ts';
import { openPlatform } from './platform/platform.ts';
import { startControl } from './roles/control.ts';
import { openControlPlane } from './roles/control-plane.ts';
import { startIntake } from './roles/intake.ts';
import type { Parts } from './roles/parts.ts';
import { startWorker } from './roles/worker.ts';
import { JOBS } from './tasks/jobs.ts';

export interface StartOptions {
  readonly config: Config;
  readonly logger: FastifyBaseLogger;
  /** Parts of the product that act on events. */
  readonly consumers?: readonly Consumer[];
}

export interface RunningServer {
  /** Where it listens, for example http://127.0.0.1:8080. */
  readonly url: string;
  /** Of the API; undefined where the API is not served. */
  readonly apiToken: ApiToken | undefined;
  /** Signs a browser in as an owner, once and within 15 minutes; undefined but on the embedded server. */
  readonly signInUrl: string | undefined;
  /** Drains: no new requests, those under way are answered, everything confirmed is kept. */
  close(): Promise<void>;
}

/** What each role cannot do without; of each group one is enough. */
const NEEDS: Readonly<Record<Role, readonly (readonly string[])[]>> = {
  // Each of them makes an event durable, the database by its spool; connections are served from memory.
  intake: [['warehouse', 'bus', 'database']],
  worker: [['database'], ['bus']],
  control: [['database'], ['warehouse']],
};

/**
 * Starts the product in this process: the roles and drivers that the configuration names.
 *
 * @returns once it does what its roles are for
 * @throws Problem when the folder is in use, a key is missing, or the port is taken
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  // Released in reverse order, also when starting fails half-way.
  const resources = new AsyncDisposableStack();
  try {
    return await start(options, resources);
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

async function start(
  { config, logger, consumers = [] }: StartOptions,
  resources: AsyncDisposableStack,
): Promise<RunningServer> {
  const onError = (message: string, error: unknown) => logger.error({ err: error }, message);
  const platform = resources.use(await openPlatform(config, onError));
  const { bus, database, warehouse } = platform;
  const { roles } = config;
  const listening = { url: '', ready: false };
  const publicUrl = () => config.publicUrl ?? listening.url;
  const access = roles.has('control')
    ? await openAccess(config, { database, publicUrl })
    : undefined;
  const { authenticate, sessions } = access ?? {};
  const [server] = await Promise.all([
    createServer({
      ...config,
      ...{ authenticate, database, logger, sessions },
      operatorTenantId: config.tenantId,
    }),
    database.migrate(),
  ]);

  const adapters = adaptersByProvider();
  const store = new ConnectionStore(database);
  const directory = new ConnectionDirectory({ load: () => store.all(), adapters, onError });

  const metrics = new Metrics();
  const controlPlane = openControlPlane({
    ...{ adapters, config, database, directory, metrics, onError, publicUrl },
    secrets: platform.secrets,
  });
  const counts = new AcceptanceCounts({ warehouse, onError });
  let closeOutbox = async () => {};
  const parts: Parts = {
    access,
    adapters,
    config,
    counts,
    controlPlane,
    directory,
    closing: [],
    log: new RequestLog({ warehouse, onError }),
    logger,
    metrics,
    onError,
    outbox: once(async () => {
      const outbox = await openOutbox({ config, logger, onError, platform });
      closeOutbox = () => outbox.close();
      return { ...outbox, accept: countedAccept(outbox.accept, counts) };
    }),
    platform,
    publicUrl,
    server,
    store,
  };
  // Requests under way are waited for, and a run of checks is one.
  server.addHook('preClose', async () => controlPlane.health.checker.stop());
  parts.closing.push(
    () => parts.log.close(),
    () => controlPlane.tokens.close(),
  );
  resources.defer(async () => {
    await Promise.all(parts.closing.map((close) => close()));
    // Last: until then events may be on their way into it.
    await Promise.all([closeOutbox(), counts.close()]);
  });
  if (roles.has('worker')) await startWorker(parts, consumers);
  if (roles.has('intake')) await startIntake(parts);
  if (roles.has('control')) await startControl(parts);

  const needs = [...roles].flatMap((role) => NEEDS[role]);
  const checks: Record<string, Check> = {
    database: () => database.query('SELECT 1'),
    warehouse: () => warehouse.check(),
    bus: () => bus.check(EVENTS_TOPIC),
  };
  const needed = Object.entries(checks).filter(([name]) => needs.flat().includes(name));
  await parts.server.register(healthRoutes, {
    checks: Object.fromEntries(needed),
    isReady: () => listening.ready,
    needs,
    onError,
  });
  resources.defer(() => parts.server.close());
  listening.url = await listen(parts.server, config);
  if (roles.has('worker')) {
    const scheduler = await platform.openScheduler(listening.url, JOBS);
    resources.adopt(scheduler, (one) => one.close());
  }
  listening.ready = true;

  return {
    url: listening.url,
    apiToken: access?.apiToken,
    signInUrl: access?.issuer && (await ownersUrl(access.issuer, publicUrl(), config.tenantId)),
    close: () => {
      listening.ready = false;
      return resources.disposeAsync();
    },
  };
}

async function ownersUrl(issuer: LocalIssuer, publicUrl: string, tenantId: string) {
  const owner = { subject: 'operator', tenantId, orgId: null, role: 'owner' } as const;
  return signInUrl(publicUrl, await issuer.issueLink(owner));
}

/** Does the work when it is first asked for; who asks later gets the same. */
function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let done: Promise<Value> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<string> {
  await server.listen({ host, port });
  const address = server.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}
