import type { FastifyRequest } from 'fastify';
import { sameText } from '#adapters/kit/verification/signature.ts';
import { NotAuthenticated } from '#schemas/problems.ts';

/** On whose behalf a request acts. Everything it reads and writes is within the tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly orgId: string | null;
  /** Who asks, for receipts of what they had done. */
  readonly actor?: string;
}

/** Who asks, in words. Where the principal does not say, it has the one API token. */
export function actorOf({ actor }: Principal): string {
  return actor ?? 'API token';
}

/** Decides who a request comes from. @throws NotAuthenticated */
export type Authenticate = (request: FastifyRequest) => Principal;

/**
 * The single-tenant embedded default: one bearer token for the whole server. Where there are many
 * tenants, another Authenticate takes its place and the routes stay as they are.
 */
export function tokenAuthentication(token: string, principal: Principal): Authenticate {
  return (request) => {
    const [scheme, presented] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() === 'bearer' && presented && sameText(presented, token)) {
      return principal;
    }
    throw new NotAuthenticated(
      'Send the header "Authorization: Bearer <token>" with the API token; `npx tributary doctor` says where it is kept.',
    );
  };
}
