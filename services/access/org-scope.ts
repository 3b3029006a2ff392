import { InvalidRequest, NotPermitted, OrgRequired } from '#schemas/problems.ts';
import type { Access } from './access.ts';
import type { Identity, Principal } from './principal.ts';

/** What a header X-Org-Id says for "no organisation": what all organisations of the tenant share. */
export const PLATFORM_LEVEL = 'platform';

const ORG_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** True for what may name an organisation. */
export function isOrgId(text: string): boolean {
  return ORG_ID.test(text) && text !== PLATFORM_LEVEL;
}

/**
 * Whom a caller acts for on a route. A token's organisation is authoritative: X-Org-Id chooses one only
 * where the token has none, and counts for nothing elsewhere.
 *
 * @param orgHeader the header X-Org-Id
 * @param operatorTenantId the tenant that runs the installation
 * @throws NotPermitted when the role or the level does not allow it
 * @throws OrgRequired when the route is of an organisation and none is given
 * @throws InvalidRequest when the header is none of an organisation
 */
export function actFor(
  identity: Identity,
  access: Exclude<Access, { by: 'anyone' }>,
  orgHeader: string | undefined,
  operatorTenantId: string,
): Principal {
  if (access.by === 'manager' && identity.role === 'member') {
    throw new NotPermitted('Members read. Ask an owner or an administrator to do this.');
  }
  if (access.scope === 'installation' && identity.tenantId !== operatorTenantId) {
    throw new NotPermitted('This is for those who run this installation. Ask them to do it.');
  }
  const ofNoOrg = access.scope === 'platform' || access.scope === 'installation';
  if (identity.orgId !== null) {
    if (!ofNoOrg) return { ...identity, reach: 'org' };
    throw new NotPermitted(
      'This belongs to the platform, not to an organisation. Ask an administrator of the platform.',
    );
  }
  if (ofNoOrg) return { ...identity, reach: 'tenant' };
  if (orgHeader === undefined) {
    if (access.scope === 'tenant') return { ...identity, reach: 'tenant' };
    throw new OrgRequired(
      `Your token belongs to no organisation: send the header X-Org-Id with the one you act for, or "${PLATFORM_LEVEL}" for what all of them share.`,
    );
  }
  if (orgHeader === PLATFORM_LEVEL) {
    return { ...identity, reach: access.scope === 'tenant' ? 'tenant' : 'org' };
  }
  if (isOrgId(orgHeader)) return { ...identity, orgId: orgHeader, reach: 'org' };
  throw new InvalidRequest('The header X-Org-Id holds no id of an organisation.');
}
