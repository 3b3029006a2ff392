import type { Config } from '#platform/config/config.ts';
import { ROLES, type Role } from '#services/access/access.ts';
import type { Bearer } from '#services/access/local-issuer.ts';
import { isOrgId } from '#services/access/org-scope.ts';
import { CommandFailed, EXIT } from './exit.ts';

/** Options that say whom a token or a link is for. */
export interface BearerOptions {
  readonly subject: string;
  readonly role: string;
  readonly org?: string;
  readonly tenant?: string;
}

const TENANT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws CommandFailed for what is no role, tenant or organisation, and where there is no local issuer */
export function bearerOf(config: Config, { subject, role, org, tenant }: BearerOptions): Bearer {
  if (config.platform !== 'embedded') {
    throw new CommandFailed(
      'On Google Cloud users sign in with your identity provider and have its tokens: see TRIBUTARY_JWT_ISSUER.',
      EXIT.usage,
    );
  }
  const tenantId = tenant ?? config.tenantId;
  if (!isRole(role)) {
    throw new CommandFailed(`--role is one of ${ROLES.join(', ')}.`, EXIT.usage);
  }
  if (!TENANT_ID.test(tenantId) || (org !== undefined && !isOrgId(org))) {
    throw new CommandFailed(
      'Ids of tenants and organisations are 1 to 64 of A-Z a-z 0-9 _ -, and an organisation is not called platform.',
      EXIT.usage,
    );
  }
  return { subject, tenantId, orgId: org ?? null, role };
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
