import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Problem } from '#schemas/problem.ts';
import {
  NotAuthenticated,
  NotPermitted,
  SessionRequired,
  SignInLinkInvalid,
} from '#schemas/problems.ts';
import { PROBLEMS } from '../http/openapi.ts';
import { answerWithProblem } from '../http/problem-handler.ts';
import { ANYONE, ROLES, reads } from './access.ts';
import { csrfToken } from './csrf.ts';
import type { LocalIssuer } from './local-issuer.ts';
import { callerOf } from './principal.ts';
import { type BrowserSession, sessionOf, sessionsOf } from './sessions.ts';
import { LINK_INVALID_PAGE, PAGE_HEADERS, pathAfterSignIn } from './sign-in-link.ts';

export interface SessionRouteOptions {
  /** Whose links sign in. Absent where users have an identity provider. */
  readonly issuer?: LocalIssuer | undefined;
}

const sessionSchema = z.object({
  tenant_id: z.string(),
  org_id: z.string().nullable().describe('Null at the platform level.'),
  role: z.enum(ROLES),
  subject: z.string().describe('Who it is.'),
  csrf_token: z
    .string()
    .describe('Send it as X-CSRF-Token with each request that changes something.'),
  expires_at: z.string().describe('When the session ends, however much it is used.'),
});

/** `/v1/session`: sign a browser in, see who it is, sign it out. `GET /sign-in`: the same by a link. */
export async function sessionRoutes(
  app: FastifyInstance,
  { issuer }: SessionRouteOptions,
): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const tags = ['sessions'];

  routes.post(
    '/v1/session',
    {
      config: reads('tenant'),
      schema: {
        summary: 'Sign a browser in by a token',
        description: 'Sets the session cookie, in place of one that the browser has.',
        tags,
        response: { 201: sessionSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      if (request.session) {
        // It would have no end.
        throw new NotAuthenticated('A session is not made from a session: send a bearer token.');
      }
      const identity = callerOf(request);
      if (identity.apiKey) {
        // Its scopes, its end and its revocation would not hold for the session.
        throw new NotPermitted('API keys are for programs. Sign in with a token of a user.');
      }
      const session = await sessionsOf(request).start(request, reply, identity);
      return unstored(reply).code(201).send(shown(session));
    },
  );

  routes.get(
    '/v1/session',
    {
      config: reads('tenant'),
      schema: {
        summary: 'Who is signed in on this browser, and its CSRF token',
        tags,
        response: { 200: sessionSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => unstored(reply).send(shown(await required(request))),
  );

  routes.delete(
    '/v1/session',
    {
      config: reads('tenant'),
      schema: { summary: 'Sign this browser out', tags, response: { 204: z.null(), ...PROBLEMS } },
    },
    async (request, reply) => {
      await sessionsOf(request).end(await required(request), reply);
      return reply.code(204).send(null);
    },
  );

  if (!issuer) return;
  routes.get(
    '/sign-in',
    {
      config: ANYONE,
      // Looking at a link must not use it up.
      exposeHeadRoute: false,
      errorHandler: answerBrowser,
      schema: {
        hide: true,
        // What is no link is answered like a link that is none.
        querystring: z.object({
          link: z.string().catch(''),
          next: z.string().optional().catch(undefined),
        }),
      },
    },
    async (request, reply) => {
      unstored(reply).header('referrer-policy', 'no-referrer');
      const link = await issuer.readLink(request.query.link);
      await sessionsOf(request).start(request, reply, link.identity, link);
      return reply.redirect(pathAfterSignIn(request.query.next), 303);
    },
  );
}

/** @throws SessionRequired when the request comes with a token */
async function required(request: FastifyRequest): Promise<BrowserSession> {
  const session = await sessionOf(request);
  if (session) return session;
  throw new SessionRequired('This is for a signed-in browser; the request brings a token instead.');
}

function shown({ identity, secret, expiresAt }: BrowserSession) {
  return {
    tenant_id: identity.tenantId,
    org_id: identity.orgId,
    role: identity.role,
    subject: identity.actor.replace(/^user /, ''),
    csrf_token: csrfToken(secret),
    expires_at: expiresAt.toISOString(),
  };
}

function unstored<Reply extends FastifyReply>(reply: Reply): Reply {
  reply.header('cache-control', 'no-store');
  return reply;
}

/** A page for people, a problem document for programs. */
function answerBrowser(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const wantsPage = (request.headers.accept ?? '').includes('text/html');
  if (!(error instanceof SignInLinkInvalid) || !wantsPage) {
    answerWithProblem(error as Problem, request, reply);
    return;
  }
  reply.code(error.status).headers(PAGE_HEADERS).type('text/html; charset=utf-8');
  reply.send(LINK_INVALID_PAGE);
}
