import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Config } from '#platform/config/config.ts';
import { ConnectionDirectory } from './connections/directory.ts';
import { connectionRoutes } from './connections/routes.ts';
import { SecretCache } from './connections/secret-cache.ts';
import { ConnectionStore } from './connections/store.ts';
import { eventRoutes } from './events/routes.ts';
import { streamRoute } from './events/stream.ts';
import { type ApiToken, ensureApiToken } from './http/api-token.ts';
import { tokenAuthentication } from './http/authenticate.ts';
import { healthRoutes } from './http/health.ts';
import { createServer } from './http/server.ts';
import { RateLimiter } from './intake/rate-limiter.ts';
import { RequestLog } from './intake/request-log.ts';
import { requestRoutes } from './intake/request-routes.ts';
import { intakeRoutes } from './intake/routes.ts';
import { createAccept } from './outbox/accept.ts';
import { type Consumer, consume } from './outbox/consume.ts';
import { PublishProgress } from './outbox/publish-progress.ts';
import { ReceiptClock } from './outbox/receipt-clock.ts';
import { Relay } from './outbox/relay.ts';
import { openEmbeddedPlatform } from './platform.ts';
import { JOBS } from './tasks/jobs.ts';
import { ledgerCleanup } from './tasks/ledger-cleanup.ts';
import { taskRoutes } from './tasks/routes.ts';

export interface StartOptions {
  readonly config: Config;
  readonly logger: FastifyBaseLogger;
  /** Parts of the product that act on events. */
  readonly consumers?: readonly Consumer[];
}

export interface RunningServer {
  /** Where it listens, for example http://127.0.0.1:8080. */
  readonly url: string;
  readonly apiToken: ApiToken;
  /** Drains: no new requests, those under way are answered, everything confirmed is kept. */
  close(): Promise<void>;
}

/**
 * Starts the product with all its roles in this process, on the embedded drivers.
 *
 * @returns once it takes webhooks
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
  const apiToken = await ensureApiToken(config.keyDir, config.apiToken);
  const platform = resources.use(await openEmbeddedPlatform(config, onError));
  const { bus, database, secrets, warehouse } = platform;
  await database.migrate();

  const adapters = adaptersByProvider();
  const store = new ConnectionStore(database);
  const directory = new ConnectionDirectory({ load: () => store.all(), adapters, onError });
  await directory.refresh();

  const progress = new PublishProgress();
  const relay = new Relay({ bus, warehouse, database, progress, onError });
  const clock = new ReceiptClock(Date.parse((await relay.watermark()) ?? '') || 0);
  for (const consumer of consumers) {
    resources.adopt(await consume(bus, database, consumer), (subscription) => subscription.close());
  }
  const { republished } = await relay.start();
  resources.defer(() => relay.stop());
  if (republished > 0)
    logger.info({ republished }, 'Carried again what the last run may have left');
  const log = resources.adopt(new RequestLog({ warehouse, onError }), (one) => one.close());

  const listening = { url: '', ready: false };
  const publicUrl = () => config.publicUrl ?? listening.url;
  const authenticate = tokenAuthentication(apiToken.value, {
    tenantId: config.tenantId,
    orgId: null,
  });
  const server = await createServer({ logger, bodyLimitBytes: config.bodyLimitBytes });
  await server.register(intakeRoutes, {
    accept: createAccept({ bus, warehouse, progress, deadlineMs: config.acceptDeadlineMs }),
    bodyLimitBytes: config.bodyLimitBytes,
    clock,
    directory,
    limiter: new RateLimiter(config.rateLimitPerSecond),
    log,
    providers: new Set(adapters.keys()),
    publicUrl,
    secrets: new SecretCache(secrets),
  });
  await server.register(eventRoutes, { authenticate, warehouse });
  await server.register(streamRoute, { authenticate, bus });
  await server.register(requestRoutes, { authenticate, log, warehouse });
  await server.register(connectionRoutes, {
    adapters,
    authenticate,
    directory,
    publicUrl,
    secrets,
    store,
  });
  await server.register(taskRoutes, {
    tasks: new Map([['ledger-cleanup', ledgerCleanup(database, config.ledgerDays)]]),
    verifyToken: platform.verifyTaskToken,
  });
  await server.register(healthRoutes, {
    checks: { database: () => database.query('SELECT 1') },
    isReady: () => listening.ready,
  });
  resources.defer(() => server.close());
  listening.url = await listen(server, config);
  const scheduler = await platform.openScheduler(listening.url);
  resources.adopt(scheduler, (one) => one.close());
  for (const job of JOBS) await scheduler.upsert(job);
  listening.ready = true;

  return {
    url: listening.url,
    apiToken,
    close: () => {
      listening.ready = false;
      return resources.disposeAsync();
    },
  };
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<string> {
  await server.listen({ host, port });
  const address = server.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}
