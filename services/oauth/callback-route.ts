import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Problem } from '#schemas/problem.ts';
import { ANYONE } from '../access/access.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { answerWithProblem, logProblem, toProblem } from '../http/problem-handler.ts';
import { sessionRequired } from './authorization-routes.ts';
import { connectedPage, failedPage } from './callback-pages.ts';
import type { Connected, Consents } from './consents.ts';
import type { Session } from './lifecycle.ts';
import { PAGE_HEADERS } from './page.ts';

export interface CallbackRouteOptions {
  readonly consents: Consents;
  readonly sessionOf: (request: FastifyRequest) => Promise<Session | null>;
  /** Where the page leads back to. Default `/`. */
  readonly consoleUrl?: () => string;
}

const connectedSchema = z.object({
  connection_id: z.string(),
  provider: z.string(),
  name: z.string(),
  account: z.object({ id: z.string().nullable(), name: z.string().nullable() }),
  scopes_requested: z.array(z.string()),
  scopes_granted: z.array(z.string()),
  scopes_missing: z.array(z.string()),
});

/** `GET /oauth/callback/:provider`: where a provider sends the browser back to. */
export async function callbackRoute(
  app: FastifyInstance,
  { consents, sessionOf, consoleUrl = () => '/' }: CallbackRouteOptions,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/oauth/callback/:provider',
    {
      // A HEAD would use the code up.
      exposeHeadRoute: false,
      // The browser proves itself by its session and the state, not by a token.
      config: ANYONE,
      schema: {
        summary: 'Bring a consent back',
        description:
          'For browsers, which are shown a page; programs that accept application/json alone get that.',
        tags: ['oauth'],
        params: z.object({ provider: z.string().max(50) }),
        response: { 200: connectedSchema, ...PROBLEMS },
      },
      errorHandler: (error: FastifyError | Problem, request, reply) => {
        if (wantsJson(request)) return answerWithProblem(error, request, reply);
        const problem = toProblem(error);
        logProblem(problem, request);
        if (problem.retryAfterSeconds !== undefined) {
          reply.header('retry-after', String(problem.retryAfterSeconds));
        }
        return sendPage(reply.code(problem.status), failedPage(problem, consoleUrl()));
      },
    },
    async (request, reply) => {
      const session = await sessionOf(request);
      if (!session) throw sessionRequired();
      const connected = await consents.finish(session, request.params.provider, queryOf(request));
      if (wantsJson(request)) {
        return reply.header('cache-control', 'no-store').send(toAnswer(connected));
      }
      return sendPage(reply.code(200), connectedPage(connected, consoleUrl()));
    },
  );
}

/** As it came: a parser that keeps one of two equal names would hide the other. */
function queryOf({ raw }: FastifyRequest): URLSearchParams {
  return new URLSearchParams((raw.url ?? '').split('?').slice(1).join('?'));
}

function wantsJson({ headers: { accept = '' } }: FastifyRequest): boolean {
  return /application\/(?:problem\+)?json/.test(accept) && !accept.includes('text/html');
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply.headers(PAGE_HEADERS).send(page as never);
}

function toAnswer(connected: Connected): z.infer<typeof connectedSchema> {
  return {
    connection_id: connected.connectionId,
    provider: connected.provider.provider,
    name: connected.name,
    account: connected.account,
    scopes_requested: [...connected.requested],
    scopes_granted: [...connected.granted],
    scopes_missing: [...connected.missing],
  };
}
