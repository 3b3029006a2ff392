import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import type { Problem } from '#schemas/problem.ts';
import { answerWithProblem, toProblem } from '../http/problem-handler.ts';
import type { Call } from './call.ts';
import { type IntakeDependencies, receive } from './receive.ts';

export interface IntakeRouteOptions extends IntakeDependencies {
  /** Scheme and host that providers address, without a trailing slash; known once listening. */
  readonly publicUrl: () => string;
  /** Names of the providers there are. */
  readonly providers: ReadonlySet<string>;
  readonly bodyLimitBytes: number;
}

interface WebhookParams {
  readonly provider: string;
  readonly connectionId: string;
}

const NO_BODY = Buffer.alloc(0);

/** `POST /webhooks/{provider}/{connection_id}` over raw bytes of any content type. */
export async function intakeRoutes(
  app: FastifyInstance,
  options: IntakeRouteOptions,
): Promise<void> {
  const { publicUrl, providers, bodyLimitBytes } = options;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: bodyLimitBytes },
    (_request, body, done) => done(null, body),
  );
  // Refusals by the HTTP layer never reach receive(): they are recorded here.
  app.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const problem = toProblem(error);
    if (problem !== error) recordEarlyRefusal(request, problem);
    answerWithProblem(problem, request, reply);
  });

  app.post(
    '/webhooks/:provider/:connectionId',
    { schema: { summary: 'Receive a webhook', tags: ['webhooks'] } },
    async (request, reply) => {
      const answer = await receive(toCall(request), options);
      return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body);
    },
  );

  function toCall(request: FastifyRequest): Call {
    const { provider, connectionId } = request.params as WebhookParams;
    return {
      provider: providers.has(provider) ? provider : 'unknown',
      connectionId,
      remoteAddress: request.ip,
      request: {
        method: request.method,
        url: publicUrl() + request.raw.url,
        headers: request.headers,
        body: (request.body as Buffer | undefined) ?? NO_BODY,
        receivedAtMs: Date.now(),
      },
    };
  }

  function recordEarlyRefusal(request: FastifyRequest, problem: Problem): void {
    const { provider } = request.params as WebhookParams;
    options.log.record({
      requestId: request.id,
      receivedAt: new Date().toISOString(),
      tenantId: null,
      orgId: null,
      connectionId: null,
      provider: providers.has(provider) ? provider : 'unknown',
      outcome: 'rejected',
      reason: problem.code,
      detail: problem.message,
      httpStatus: problem.status,
      bodyBytes: Number(request.headers['content-length'] ?? 0) || 0,
      remoteAddress: request.ip,
    });
  }
}
