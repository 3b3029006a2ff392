// Intake as the server puts it together, listening on a free port. Real: Fastify, the adapters, the
// connection directory, the secret cache, the request log, DuckDB. Doubled: the secret store (a map),
// the bus (remembers what it is given), and what of the warehouse a case makes fail.
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import type { Adapter, WebhookAnswer } from '#adapters/kit/adapter.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { Row, Warehouse } from '#platform/warehouse/warehouse.ts';
import { SecretNotFound } from '#schemas/problems.ts';
import { OUTBOX } from '#schemas/tables.ts';
import { bearerAuthentication } from '#services/access/bearer.ts';
import { staticToken } from '#services/access/static-token.ts';
import type { Connection } from '#services/connections/connection.ts';
import { testConnection } from '#services/connections/connections.test-support.ts';
import { ConnectionDirectory } from '#services/connections/directory.ts';
import { SecretCache } from '#services/connections/secret-cache.ts';
import { eventRoutes } from '#services/events/routes.ts';
import { createServer } from '#services/http/server.ts';
import { RequestLog } from '#services/intake/request-log.ts';
import { requestRoutes } from '#services/intake/request-routes.ts';
import { intakeRoutes } from '#services/intake/routes.ts';
import { AcceptanceCounts } from '#services/ledger/acceptance-counts.ts';
import { countedAccept } from '#services/ledger/counted-accept.ts';
import { createAccept } from '#services/outbox/accept.ts';
import { acceptParts, FakeBus } from '#services/outbox/fakes.test-support.ts';
import { ReceiptClock } from '#services/outbox/receipt-clock.ts';
import { RateLimiter } from '#services/rate-limiter.ts';
import { temporaryWarehouse } from '../support/embedded-drivers.ts';

export const PUBLIC_URL = 'https://hooks.example.com';
export const API_TOKEN = 'a-token-for-these-tests';
export const BODY_LIMIT_BYTES = 64 * 1024;

export interface IntakeApp {
  readonly port: number;
  readonly bus: FakeBus;
  /** Batches given to the outbox, whatever became of them. */
  readonly outboxAppends: (readonly Row[])[];
  /** Lines of the server's log. */
  readonly logLines: string[];
  /** What the outbox does with the next append. */
  outboxFault: Error | undefined;
  /** All rows of the request log. */
  requestLog(): Promise<Record<string, unknown>[]>;
  /** Gets from the API, with its token. */
  api(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
}

export interface IntakeAppOptions {
  readonly connections: readonly Connection[];
  /** Secrets by reference; a reference without one is a secret store that is away. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly adapters?: readonly Adapter[];
  readonly ratePerSecond?: number;
  readonly trustedProxies?: number;
}

/** Starts intake; `stack` stops it. */
export async function startIntake(
  stack: AsyncDisposableStack,
  options: IntakeAppOptions,
): Promise<IntakeApp> {
  const logLines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) });
  const onError = (message: string, error: unknown) => logger.error({ err: error }, message);
  const adapters = new Map(adaptersByProvider());
  for (const adapter of options.adapters ?? []) adapters.set(adapter.provider, adapter);
  const bus = new FakeBus(false);
  const duckDb = await temporaryWarehouse(stack);
  const outboxAppends: (readonly Row[])[] = [];
  const warehouse: Warehouse = {
    append: (table, rows) => {
      if (table !== OUTBOX.name) return duckDb.append(table, rows);
      outboxAppends.push(rows);
      return running.outboxFault ? Promise.reject(running.outboxFault) : duckDb.append(table, rows);
    },
    query: (name, params) => duckDb.query(name, params),
    streamBounds: duckDb.streamBounds,
    stream: (name, params) => duckDb.stream(name, params),
    check: () => duckDb.check(),
    close: () => duckDb.close(),
  };
  const directory = new ConnectionDirectory({
    load: async () => [...options.connections],
    adapters,
    onError,
  });
  await directory.refresh();
  // In full: what becomes of a flood has tests of its own.
  const log = stack.adopt(
    new RequestLog({ warehouse, onError, rowsPerWindow: 10_000, flushMs: 3_600_000 }),
    (one) => one.close(),
  );
  const server = await createServer({
    logger,
    authenticate: bearerAuthentication([staticToken(API_TOKEN, 'acme')]),
    bodyLimitBytes: BODY_LIMIT_BYTES,
    trustedProxies: options.trustedProxies ?? 0,
    operatorTenantId: 'acme',
  });
  stack.defer(() => server.close());
  const counts = stack.adopt(new AcceptanceCounts({ warehouse, onError }), (one) => one.close());
  const accept = createAccept({ ...acceptParts(), bus, warehouse });
  await server.register(intakeRoutes, {
    adapters,
    accept: countedAccept(accept, counts),
    bodyLimitBytes: BODY_LIMIT_BYTES,
    clock: new ReceiptClock(),
    counts,
    directory,
    limiter: new RateLimiter(options.ratePerSecond ?? 1_000),
    log,
    publicUrl: () => PUBLIC_URL,
    secrets: new SecretCache(secretsOf(options.secrets)),
  });
  await server.register(eventRoutes, { warehouse });
  await server.register(requestRoutes, { log, operatorTenantId: 'acme', warehouse });
  await server.listen({ host: '127.0.0.1', port: 0 });

  const running: IntakeApp = {
    port: (server.server.address() as AddressInfo).port,
    bus,
    outboxAppends,
    logLines,
    outboxFault: undefined,
    requestLog: async () => {
      await log.flush();
      const filter = {
        tenant_id: 'acme',
        org_id: null,
        with_unknown: true,
        connection_id: null,
        before_received_at: null,
        before_request_id: null,
        before_occurrences: null,
        row_limit: 100_000,
      };
      return duckDb.query('webhook-requests', filter);
    },
    api: async (path) => {
      const headers = { authorization: `Bearer ${API_TOKEN}` };
      const response = await server.inject({ method: 'GET', url: path, headers });
      return { status: response.statusCode, body: response.json() };
    },
  };
  return running;
}

/** A connection of the tenant these tests have; its secret is kept under `secret/{id}`. */
export function connection(id: string, overrides: Partial<Connection> = {}): Connection {
  return testConnection(id, overrides);
}

/** An adapter that verifies everything and answers as told: for what no real provider expects yet. */
export function answeringAdapter(provider: string, answer: WebhookAnswer): Adapter {
  const hubspot = adaptersByProvider().get('hubspot');
  if (!hubspot) throw new Error('there is no hubspot adapter');
  const bind = (settings: unknown) => {
    const bound = hubspot.bind(settings);
    return {
      verify: () => ({ verified: true }) as const,
      webhook: (request: Parameters<typeof bound.webhook>[0]) => ({
        ...bound.webhook(request),
        answer,
      }),
    };
  };
  return { ...hubspot, provider, bind };
}

function secretsOf(values: Readonly<Record<string, string>>): Secrets {
  const find = async (ref: string) => {
    if (!(ref in values)) throw new Error('the secret store is away');
    const value = values[ref];
    if (value === undefined) throw new SecretNotFound(`There is no secret ${ref}.`);
    return value;
  };
  const never = () => Promise.reject(new Error('is not called by intake'));
  return {
    access: find,
    versions: async (ref) => {
      await find(ref);
      return [{ version: 1, state: 'enabled', createdAtMs: 0 }];
    },
    create: never,
    addVersion: never,
    disable: never,
    enable: never,
    destroy: never,
    watch: async () => ({ close: async () => {} }),
    check: async () => {},
    close: async () => {},
  };
}
