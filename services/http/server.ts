import type { Server } from 'node:http';
import swagger from '@fastify/swagger';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { answerNotFound, answerWithProblem } from './problem-handler.ts';

export interface ServerOptions {
  readonly logger: FastifyBaseLogger;
  readonly bodyLimitBytes: number;
}

const CLOSE_IDLE_MS = 50;

/** A Fastify server with what all routes share: problems as answers, zod schemas, OpenAPI. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: options.logger,
    // One line for each webhook would cost more than the webhook; refusals are in the request log.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes,
    // A sender has this long for a whole request; slow ones must not hold connections open.
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    forceCloseConnections: 'idle',
    // Refusals of the router itself, such as a path with a broken escape.
    frameworkErrors: answerWithProblem,
  });
  server.addHook('preClose', async () => closeConnectionsWhenIdle(server.server));
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(answerWithProblem);
  server.setNotFoundHandler(answerNotFound);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tributary',
        description: 'Signed CRM webhooks in, durable canonical events out.',
        version: '1',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  });
  return server;
}

/**
 * Closing ends the connections that are idle then. Those with a request under way become idle when
 * it is answered, and would hold the end up for as long as their clients keep them: they are ended
 * here, until the server is closed.
 */
function closeConnectionsWhenIdle(server: Server): void {
  if (!server.listening) return;
  const timer = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS).unref();
  server.once('close', () => clearInterval(timer));
}
