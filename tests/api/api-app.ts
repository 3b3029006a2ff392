// The API as the server puts it together, in process. Real: Fastify, DuckDB, Postgres (PGlite), the
// in-process bus, the encrypted secret store. Not there: intake, the relay and the scheduler.
import type { FastifyInstance, RouteOptions } from 'fastify';
import { pino } from 'pino';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Bus } from '#platform/bus/bus.ts';
import { readConfig } from '#platform/config/config.ts';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { LocalIssuer } from '#services/access/local-issuer.ts';
import { openAccess } from '#services/access/open-access.ts';
import { ConnectionDirectory } from '#services/connections/directory.ts';
import { ConnectionStore } from '#services/connections/store.ts';
import type { CheckConnection } from '#services/health/check.ts';
import { openHealth } from '#services/health/open-health.ts';
import { type Check, healthRoutes } from '#services/http/health.ts';
import { createServer } from '#services/http/server.ts';
import { RequestLog } from '#services/intake/request-log.ts';
import { AcceptanceCounts } from '#services/ledger/acceptance-counts.ts';
import { Metrics } from '#services/metrics/metrics.ts';
import { startControl } from '#services/roles/control.ts';
import { openControlPlane } from '#services/roles/control-plane.ts';
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
  /** How connections are checked; at first there is nothing to check by. */
  readonly providers: { check: CheckConnection };
  /** Acts with the token of the installation, for what all organisations share. */
  readonly client: TributaryClient;
  call(method: 'GET' | 'POST' | 'PATCH', url: string, body?: unknown): Promise<ApiAnswer>;
  /** What the audit log holds, oldest first. */
  audited(): Promise<Audited[]>;
  /** Empties the audit log. */
  forgetAudited(): Promise<unknown>;
}

export interface Audited {
  readonly tenantId: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: { readonly type: string; readonly id: string };
  readonly before: unknown;
  readonly after: unknown;
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
  const config = readConfig({
    TRIBUTARY_API_TOKEN: API_TOKEN,
    TRIBUTARY_CANARY_MINUTES: '5',
    TRIBUTARY_DATA_DIR: await temporaryFolder(stack),
    TRIBUTARY_KEY_DIR: await temporaryFolder(stack),
    TRIBUTARY_PUBLIC_URL: PUBLIC_URL,
    TRIBUTARY_TENANT_ID: TENANT,
  });
  const { db: database } = stack.adopt(await openTestDatabase(), (one) => one.close());
  const warehouse = await temporaryWarehouse(stack);
  const secrets = await temporarySecrets(stack);
  const bus = await temporaryBus(stack);
  const adapters = adaptersByProvider();
  const store = new ConnectionStore(database);
  const directory = new ConnectionDirectory({ load: () => store.all(), adapters, onError });
  const log = stack.adopt(new RequestLog({ warehouse, onError }), (one) => one.close());
  const counts = stack.adopt(new AcceptanceCounts({ warehouse, onError }), (one) => one.close());
  const publicUrl = () => PUBLIC_URL;
  const access = await openAccess(config, { database, publicUrl });
  const { issuer } = access;
  if (!issuer) throw new Error('the embedded server has an issuer');
  const health: ApiApp['health'] = { ready: true, check: async () => undefined };
  const providers: ApiApp['providers'] = { check: async () => undefined };
  const metrics = new Metrics();
  const controlPlane = openControlPlane({
    ...{ adapters, config, database, directory, metrics, onError, publicUrl, secrets },
  });
  stack.defer(() => controlPlane.tokens.close());

  const server = await createServer({
    logger,
    authenticate: access.authenticate,
    sessions: access.sessions,
    bodyLimitBytes: 64 * 1024,
    database,
    operatorTenantId: TENANT,
  });
  stack.defer(() => server.close());
  const routes: RouteOptions[] = [];
  server.addHook('onRoute', (route) => {
    routes.push(route);
  });
  await startControl({
    ...{ access, adapters, config, counts, log, logger, metrics, onError, publicUrl, server },
    controlPlane: {
      ...controlPlane,
      health: openHealth({
        check: (...asked) => providers.check(...asked),
        onPermanentFailure: ({ id }, ...why) => controlPlane.onPermanentFailure(id, ...why),
        ...{ database, metrics: new Metrics(), onError },
      }),
    },
    platform: { bus, database, secrets, warehouse },
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
    providers,
    audited: async () => {
      const rows = await database.query<Omit<Audited, 'subject'> & { type: string; id: string }>(
        `SELECT tenant_id AS "tenantId", actor, action, subject_type AS type, subject_id AS id, before, after
         FROM audit_log ORDER BY audit_log.id`,
      );
      return rows.map(({ type, id, ...row }) => ({ ...row, subject: { type, id } }));
    },
    forgetAudited: () => database.query('DELETE FROM audit_log'),
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
