import type { Server } from 'node:http';
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Queryable } from '#platform/database/database.ts';
import { guard } from '../access/guard.ts';
import type { Authenticate } from '../access/principal.ts';
import type { BrowserSessions } from '../access/sessions.ts';
import { openApiOptions } from '../openapi/document.ts';
import { acceptIdempotencyKeys } from './idempotency.ts';
import { answerNotFound, answerWithProblem } from './problem-handler.ts';
import { ApiRateLimits } from './rate-limits.ts';

export interface ServerOptions {
  readonly logger: FastifyBaseLogger;
  readonly bodyLimitBytes: number;
  /** Absent in processes that serve no route with a token. */
  readonly authenticate?: Authenticate | undefined;
  /** Absent in processes that serve no browser. */
  readonly sessions?: BrowserSessions | undefined;
  /** Where answers to idempotency keys are kept. Absent in processes without routes that take them. */
  readonly database?: Queryable | undefined;
  /** The tenant that runs the installation. */
  readonly operatorTenantId: string;
  /** Requests a second of each credential. Default: as many as come. */
  readonly apiRateLimitPerSecond?: number | undefined;
  /** Proxies in front, whose X-Forwarded-For tells the sender's address. Default 0. */
  readonly trustedProxies?: number;
}

/** In time for what is closed after the server, before the process is killed. */
const CUT_OFF_MS = 5_000;

/** A Fastify server with what all routes share: problems as answers, zod schemas, OpenAPI. */
export async function createServer({
  apiRateLimitPerSecond,
  authenticate,
  sessions,
  database,
  operatorTenantId,
  trustedProxies = 0,
  ...options
}: ServerOptions): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: options.logger,
    // One line for each webhook would cost more than the webhook; refusals are in the request log.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes,
    trustProxy: trustedProxies > 0 && ((_address: string, hop: number) => hop < trustedProxies),
    // A sender has this long for a whole request; slow ones must not hold connections open.
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    forceCloseConnections: 'idle',
    // Refusals of the router itself, such as a path with a broken escape.
    frameworkErrors: answerWithProblem,
  });
  // Cookies are read by who needs them: webhooks bring none.
  if (sessions) await server.register(cookie, { hook: false });
  const limits = apiRateLimitPerSecond
    ? new ApiRateLimits({ perSecond: apiRateLimitPerSecond })
    : undefined;
  limits?.protectOpenRoutes(server);
  guard(server, {
    authenticate: authenticate && (limits?.counting(authenticate) ?? authenticate),
    sessions,
    operatorTenantId,
    admit: limits?.admit.bind(limits),
  });
  acceptIdempotencyKeys(server, database);
  server.addHook('preClose', async () => endConnections(server.server));
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(answerWithProblem);
  server.setNotFoundHandler(answerNotFound);
  await server.register(swagger, openApiOptions);
  return server;
}

/**
 * Closing ends the connections that are idle then. Those with a request under way become idle when
 * it is answered, and their clients would keep them for as long as they like: they end with that
 * answer. What has not ended by CUT_OFF_MS, such as a connection that never sent anything, is cut.
 */
function endConnections(server: Server): void {
  server.keepAliveTimeout = 1;
  server.keepAliveTimeoutBuffer = 0;
  const cutOff = setTimeout(() => server.closeAllConnections(), CUT_OFF_MS).unref();
  server.once('close', () => clearTimeout(cutOff));
}
