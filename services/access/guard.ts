import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InternalError } from '#schemas/problems.ts';
import type { Access } from './access.ts';
import { assertScope } from './key-scopes.ts';
import { actFor } from './org-scope.ts';
import type { Authenticate, Identity } from './principal.ts';
import { type BrowserSessions, sessionOf } from './sessions.ts';

export interface GuardOptions {
  /** Absent in processes that serve no route with a token. */
  readonly authenticate?: Authenticate | undefined;
  /** Absent in processes that serve no browser. */
  readonly sessions?: BrowserSessions | undefined;
  /** The tenant that runs the installation. */
  readonly operatorTenantId: string;
  /** Counts a request of a caller that is known. @throws RateLimited */
  readonly admit?: ((identity: Identity, reply: FastifyReply) => void) | undefined;
}

/**
 * Stands before every route of the server, those registered later included. A route that declares no
 * access cannot be registered; one that asks for a token is not reached without it, nor by a role, for an
 * organisation or with an API key that it does not allow. A session's cookie stands for a token where none
 * is sent, and then the request has to come from a page of ours.
 */
export function guard(
  server: FastifyInstance,
  { authenticate, sessions, operatorTenantId, admit }: GuardOptions,
): void {
  server.decorate('browserSessions', sessions ?? null);
  server.decorateRequest('session', null);
  server.decorateRequest('identity', null);
  server.decorateRequest('principal', null);
  server.addHook('onRoute', ({ config, method, url }) => {
    const access = config?.access;
    if (!access) throw new InternalError(`${method} ${url} does not declare who may call it.`);
    if (access.by !== 'anyone' && !authenticate) {
      throw new InternalError(`${method} ${url} asks for a token, and this process takes none.`);
    }
  });
  server.addHook('onRequest', async (request, reply) => {
    if (request.is404) return;
    const access: Access | undefined = request.routeOptions.config.access;
    if (access?.by === 'anyone') return;
    if (!access || !authenticate) throw new InternalError('The route declares no access.');
    const identity = (await sessionOf(request))?.identity ?? (await authenticate(request));
    admit?.(identity, reply);
    request.identity = identity;
    request.principal = actFor(identity, access, orgHeader(request), operatorTenantId);
    const { apiKey } = identity;
    if (apiKey) assertScope(apiKey.scopes, access, request.routeOptions.url ?? '');
  });
}

function orgHeader({ headers }: FastifyRequest): string | undefined {
  const value = headers['x-org-id'];
  return Array.isArray(value) ? value.join(',') : value;
}
