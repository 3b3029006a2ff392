import type { FastifyRequest } from 'fastify';
import { sameText } from '#adapters/kit/verification/signature.ts';
import { NotAuthenticated } from '#schemas/problems.ts';

/** On whose behalf a request acts. Everything it reads and writes is within the tenant. */
export interface Principal {
  readonly tenantId: string;
  readonly orgId: string | null;
  /** Who it is, for records of what was done: a kind of credential, never the credential. */
  readonly actor: string;
}

/** Decides who a request comes from. @throws NotAuthenticated */
export type Authenticate = (request: FastifyRequest) => Principal;

/**
 * The single-tenant embedded default: one bearer token for the whole server. Where there are many
 * tenants, another Authenticate takes its place and the routes stay as they are.
 */
export function tokenAuthentication(
  token: string,
  { tenantId, orgId }: Omit<Principal, 'actor'>,
): Authenticate {
  const principal: Principal = { tenantId, orgId, actor: 'API token' };
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
