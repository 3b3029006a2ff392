import type { FastifyRequest } from 'fastify';
import { InternalError } from '#schemas/problems.ts';
import type { Role } from './access.ts';

/** What a credential says of its bearer. */
export interface Identity {
  readonly tenantId: string;
  /** The organisation that the bearer belongs to; null for those of the platform level. */
  readonly orgId: string | null;
  readonly role: Role;
  /** Who it is, for records of what was done: a name or a kind of credential, never the credential. */
  readonly actor: string;
  /** Set when the credential is an API key: what that allows, within its role. */
  readonly apiKey?: ApiKeyGrant | undefined;
}

/** The bounds of an API key. */
export interface ApiKeyGrant {
  readonly id: string;
  /** Parts of the API, such as connections:read; empty for all that the role may. */
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
}

/** On whose behalf a request acts. Everything it reads and writes is within the tenant. */
export interface Principal extends Identity {
  /** The organisation it acts for; null for the platform level. */
  readonly orgId: string | null;
  /** `tenant` sees the rows of all organisations, `org` its own and those that all share. */
  readonly reach: 'org' | 'tenant';
}

/** Decides who a request comes from, by its headers. @throws NotAuthenticated */
export type Authenticate = (request: FastifyRequest) => Promise<Identity>;

declare module 'fastify' {
  interface FastifyRequest {
    /** What the credential says, before X-Org-Id is looked at. */
    identity: Identity | null;
    principal: Principal | null;
  }
}

/** What the credential of a request says of its bearer, on a route that asks for one. */
export function callerOf(request: FastifyRequest): Identity {
  const { identity } = request;
  if (identity) return identity;
  throw new InternalError('The route declares no access and asks for its caller.');
}

/** Who calls a route that asks for a token. */
export function principalOf(request: FastifyRequest): Principal {
  const { principal } = request;
  if (principal) return principal;
  throw new InternalError('The route declares no access and asks for its caller.');
}
