/** What a caller may do: owners and administrators manage, members read. */
export const ROLES = ['member', 'administrator', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/**
 * Whose rows a route is about.
 *
 * - `org`: those of one organisation, the token's own or, for a token without one, that of X-Org-Id.
 * - `tenant`: those of the tenant. A token of an organisation sees its own and those of the platform
 *   level; one without an organisation sees all, and narrows it down by X-Org-Id.
 * - `platform`: those of the tenant that belong to no organisation, for tokens without one.
 * - `installation`: what all tenants share, for such tokens of the tenant that runs the installation.
 */
export type Scope = 'org' | 'tenant' | 'platform' | 'installation';

/** Who may call a route. Every route declares it, or the server does not start. */
export type Access =
  /** Whoever reaches the server: the route tells nothing, or verifies its caller by other means. */
  { readonly by: 'anyone' } | { readonly by: 'member' | 'manager'; readonly scope: Scope };

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access;
  }
}

/** Route option `config` of routes that ask for no token. */
export const ANYONE = { access: { by: 'anyone' } } as const;

/** Route option `config` of routes that members may call. */
export function reads(scope: Scope) {
  return { access: { by: 'member', scope } } as const;
}

/** Route option `config` of routes that owners and administrators may call. */
export function manages(scope: Scope) {
  return { access: { by: 'manager', scope } } as const;
}
