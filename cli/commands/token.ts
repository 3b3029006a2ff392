import { readConfig } from '#platform/config/config.ts';
import { ROLES, type Role } from '#services/access/access.ts';
import { openLocalIssuer } from '#services/access/local-issuer.ts';
import { isOrgId } from '#services/access/org-scope.ts';
import { CommandFailed, EXIT } from '../exit.ts';

export interface TokenOptions {
  readonly subject: string;
  readonly role: string;
  readonly org?: string;
  readonly tenant?: string;
  readonly hours: number;
}

const TENANT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** `tributary token`: prints a token of this installation for a user; needs its key folder, no server. */
export async function printToken({ subject, role, org, tenant, hours }: TokenOptions) {
  const config = readConfig(process.env);
  if (config.platform !== 'embedded') {
    throw new CommandFailed(
      'On Google Cloud users have tokens of your identity provider: see TRIBUTARY_JWT_ISSUER.',
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
  const issuer = await openLocalIssuer(config.keyDir);
  const bearer = { subject, tenantId, orgId: org ?? null, role };
  process.stdout.write(`${await issuer.issue(bearer, hours * 3_600)}\n`);
}

function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
