import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Adapter, WebhookMethod } from '#adapters/kit/adapter.ts';
import type { Problem } from '#schemas/problem.ts';
import { MethodNotAllowed } from '#schemas/problems.ts';
import { ANYONE } from '../access/access.ts';
import { answerWithProblem, logProblem, toProblem } from '../http/problem-handler.ts';
import type { Call } from './call.ts';
import { type IntakeDependencies, receive } from './receive.ts';

export interface IntakeRouteOptions extends IntakeDependencies {
  /** Scheme and host that providers address, without a trailing slash; known once listening. */
  readonly publicUrl: () => string;
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly bodyLimitBytes: number;
}

interface WebhookParams {
  readonly provider: string;
  readonly connection_id: string;
}

const NO_BODY = Buffer.alloc(0);
const METHODS: WebhookMethod[] = ['GET', 'POST', 'PUT', 'PATCH'];
const POST_ALONE: readonly WebhookMethod[] = ['POST'];
/** Some providers' URLs end in a secret segment, which their adapter checks. */
const PATHS = ['/webhooks/:provider/:connection_id', '/webhooks/:provider/:connection_id/:secret'];

/** `POST /webhooks/{provider}/{connection_id}` over raw bytes of any content type. */
export async function intakeRoutes(
  app: FastifyInstance,
  options: IntakeRouteOptions,
): Promise<void> {
  const { publicUrl, adapters, bodyLimitBytes } = options;
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

  for (const url of PATHS) {
    app.route({
      method: METHODS,
      url,
      exposeHeadRoute: false,
      config: ANYONE,
      schema: { summary: 'Receive a webhook', tags: ['webhooks'] },
      handler: handle,
    });
  }

  async function handle(request: FastifyRequest, reply: FastifyReply) {
    assertMethod(request, reply);
    const { answer, problem } = await receive(toCall(request), options);
    if (problem) logProblem(problem, request);
    // A handshake may echo what was sent: no browser may take it for a page.
    reply.header('x-content-type-options', 'nosniff');
    return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body);
  }

  /** What a provider sends by is no secret: refused before anything is looked up. */
  function assertMethod(request: FastifyRequest, reply: FastifyReply): void {
    const adapter = adapters.get((request.params as WebhookParams).provider);
    const allowed: readonly string[] = adapter?.methods ?? POST_ALONE;
    if (allowed.includes(request.method)) return;
    const list = allowed.join(', ');
    const problem = new MethodNotAllowed(`Webhooks of this provider come by ${list}.`);
    recordEarlyRefusal(request, problem);
    reply.header('allow', list);
    throw problem;
  }

  function toCall(request: FastifyRequest): Call {
    const { provider, connection_id } = request.params as WebhookParams;
    return {
      provider: adapters.has(provider) ? provider : 'unknown',
      connectionId: connection_id,
      remoteAddress: request.ip,
      request: {
        method: request.method,
        url: publicUrl() + request.raw.url,
        headers: request.headers,
        body: (request.body as Buffer | undefined) ?? NO_BODY,
        receivedAtMs: Date.now(),
        remoteAddress: request.ip,
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
      provider: adapters.has(provider) ? provider : 'unknown',
      outcome: 'rejected',
      reason: problem.code,
      detail: problem.message,
      httpStatus: problem.status,
      bodyBytes: Number(request.headers['content-length'] ?? 0) || 0,
      remoteAddress: request.ip,
    });
  }
}
