import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InternalError } from '#schemas/problems.ts';
import type { Access } from './access.ts';
import { actFor } from './org-scope.ts';
import type { Authenticate } from './principal.ts';

export interface GuardOptions {
  /** Absent in processes that serve no route with a token. */
  readonly authenticate?: Authenticate | undefined;
  /** The tenant that runs the installation. */
  readonly operatorTenantId: string;
}

/**
 * Stands before every route of the server, those registered later included. A route that declares no
 * access cannot be registered; one that asks for a token is not reached without it, nor by a role or for
 * an organisation that it does not allow.
 *
 */
export function guard(
  server: FastifyInstance,
  { authenticate, operatorTenantId }: GuardOptions,
): void {
  server.decorateRequest('principal', null);
  server.addHook('onRoute', ({ config, method, url }) => {
    const access = config?.access;
    if (!access) throw new InternalError(`${method} ${url} does not declare who may call it.`);
    if (access.by !== 'anyone' && !authenticate) {
      throw new InternalError(`${method} ${url} asks for a token, and this process takes none.`);
    }
  });
  server.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const access: Access | undefined = request.routeOptions.config.access;
    if (access?.by === 'anyone') return;
    if (!access || !authenticate) throw new InternalError('The route declares no access.');
    request.principal = actFor(
      await authenticate(request),
      access,
      orgHeader(request),
      operatorTenantId,
    );
  });
}

function orgHeader({ headers }: FastifyRequest): string | undefined {
  const value = headers['x-org-id'];
  return Array.isArray(value) ? value.join(',') : value;
}
