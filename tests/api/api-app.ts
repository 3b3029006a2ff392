// The API as the server puts it together, in process. Real: Fastify, DuckDB, Postgres (PGlite), the
// in-process bus, the encrypted secret store. Not there: intake, the relay and the scheduler.
import type { FastifyInstance, RouteOptions } from 'fastify';
import { pino } from 'pino';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { bearerAuthentication } from '#services/access/bearer.ts';
import { jwtTokens } from '#services/access/jwt.ts';
import { type LocalIssuer, openLocalIssuer } from '#services/access/local-issuer.ts';
import { staticToken } from '#services/access/static-token.ts';
import { auditRoutes } from '#services/audit/routes.ts';
import { CanaryStore } from '#services/canary/canary-store.ts';
import { canaryRoutes } from '#services/canary/routes.ts';
import { ConnectionDirectory } from '#services/connections/directory.ts';
import { connectionRoutes } from '#services/connections/routes.ts';
import { ConnectionStore } from '#services/connections/store.ts';
import { consumerRoutes } from '#services/consumers/routes.ts';
import { deadLetterRoutes } from '#services/dead-letters/routes.ts';
import { eventRoutes } from '#services/events/routes.ts';
import { streamRoute } from '#services/events/stream.ts';
import { type Check, healthRoutes } from '#services/http/health.ts';
import { createServer } from '#services/http/server.ts';
import { RequestLog } from '#services/intake/request-log.ts';
import { requestRoutes } from '#services/intake/request-routes.ts';
import { Metrics } from '#services/metrics/metrics.ts';
import { metricsRoute } from '#services/metrics/route.ts';
import { Reconciler } from '#services/reconcile/reconciler.ts';
import { reconcileRoutes } from '#services/reconcile/routes.ts';
import { reconcileSettings } from '#services/reconcile/settings.ts';
import { predicateRoutes } from '#services/replay/predicate-routes.ts';
import { PredicateStore } from '#services/replay/predicate-store.ts';
import { ReplayStore } from '#services/replay/replay-store.ts';
import { replayRoutes } from '#services/replay/routes.ts';
import { createTributaryClient, type TributaryClient } from '../../client/tributary-client.ts';
import {
  temporaryBus,
  temporaryFolder,
  temporarySecrets,
  temporaryWarehouse,
} from '../support/embedded-drivers.ts';

export const PUBLIC_URL = 'https://hooks.example.com';
export const API_TOKEN = 'a-token-for-these-tests';
export const TENANT = 'acme';

export interface ApiApp {
  readonly server: FastifyInstance;
  readonly bus: Bus;
  /** Signs tokens that the server takes. */
  readonly issuer: LocalIssuer;
  readonly database: Database;
  readonly directory: ConnectionDirectory;
  readonly log: RequestLog;
  readonly secrets: Secrets;
  readonly warehouse: Warehouse;
  /** Every route that was registered. */
  readonly routes: readonly RouteOptions[];
  /** Lines of the server's log. */
  readonly logLines: string[];
  readonly health: { ready: boolean; check: Check };
  /** Acts with the token of the installation, for what all organisations share. */
  readonly client: TributaryClient;
  call(method: 'GET' | 'POST' | 'PATCH', url: string, body?: unknown): Promise<ApiAnswer>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** Builds the API; `stack` closes it. */
export async function openApi(stack: AsyncDisposableStack): Promise<ApiApp> {
  const logLines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) });
  const onError = (message: string, error: unknown) => logger.error({ err: error }, message);
  const { db: database } = stack.adopt(await openTestDatabase(), (one) => one.close());
  const warehouse = await temporaryWarehouse(stack);
  const secrets = await temporarySecrets(stack);
  const bus = await temporaryBus(stack);
  const adapters = adaptersByProvider();
  const store = new ConnectionStore(database);
  const directory = new ConnectionDirectory({ load: () => store.all(), adapters, onError });
  const log = stack.adopt(new RequestLog({ warehouse, onError }), (one) => one.close());
  const issuer = await openLocalIssuer(await temporaryFolder(stack));
  const kinds = [staticToken(API_TOKEN, TENANT), jwtTokens([issuer])];
  const health: ApiApp['health'] = { ready: true, check: async () => undefined };

  const server = await createServer({
    logger,
    authenticate: bearerAuthentication(kinds),
    bodyLimitBytes: 64 * 1024,
    database,
    operatorTenantId: TENANT,
  });
  stack.defer(() => server.close());
  const routes: RouteOptions[] = [];
  server.addHook('onRoute', (route) => {
    routes.push(route);
  });
  await server.register(eventRoutes, { warehouse });
  await server.register(streamRoute, { bus });
  await server.register(requestRoutes, { log, operatorTenantId: TENANT, warehouse });
  const flushCounts = async () => undefined;
  await server.register(auditRoutes, {
    database,
    flushCounts,
    keepDays: 14,
    warehouse,
  });
  const publicUrl = () => PUBLIC_URL;
  const connections = { adapters, directory, publicUrl, secrets, store };
  await server.register(connectionRoutes, connections);
  const predicates = new PredicateStore(database);
  await server.register(predicateRoutes, { predicates });
  const replays = new ReplayStore(database);
  await server.register(replayRoutes, {
    billed: true,
    predicates,
    replays,
    warehouse,
  });
  await server.register(deadLetterRoutes, { bus, database });
  await server.register(consumerRoutes, { bus, database });
  await server.register(metricsRoute, { metrics: new Metrics() });
  const reconciler = new Reconciler({
    bus,
    database,
    warehouse,
    settings: reconcileSettings({ platform: 'embedded' }),
    ledgerDays: 14,
    log: logger,
    onError,
  });
  await server.register(reconcileRoutes, { reconciler });
  await server.register(canaryRoutes, {
    canaries: new CanaryStore(database),
    intervalMinutes: 5,
  });
  await server.register(healthRoutes, {
    checks: { database: () => health.check() },
    isReady: () => health.ready,
    onError,
  });
  await server.ready();

  return {
    server,
    bus,
    issuer,
    database,
    directory,
    log,
    secrets,
    warehouse,
    routes,
    logLines,
    health,
    client: createTributaryClient({
      url: PUBLIC_URL,
      token: API_TOKEN,
      orgId: 'platform',
      fetch: (request) => fetchFrom(server, request),
    }),
    call: async (method, url, body) => {
      const headers = { authorization: `Bearer ${API_TOKEN}`, 'x-org-id': 'platform' };
      const payload = body === undefined ? {} : { payload: body as object };
      const response = await server.inject({ method, url, headers, ...payload });
      const { statusCode: status, payload: text } = response;
      return {
        status,
        headers: response.headers,
        text,
        body: text.startsWith('{') ? JSON.parse(text) : {},
      };
    },
  };
}

/** Asks the server without a network. */
async function fetchFrom(server: FastifyInstance, request: Request): Promise<Response> {
  const { method, url, headers } = request;
  const payload = await request.text();
  const { statusCode, ...answer } = await server.inject({
    method: method as 'GET',
    url: url.slice(PUBLIC_URL.length),
    headers: Object.fromEntries(headers),
    ...(payload !== '' && { payload }),
  });
  const isEmpty = statusCode === 204;
  return new Response(isEmpty ? null : answer.payload, {
    status: statusCode,
    headers: answer.headers as Record<string, string>,
  });
}
