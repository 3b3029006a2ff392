import type { Access, Scope } from '../access/access.ts';

const SCOPES: Readonly<Record<Scope, string>> = {
  org: 'for one organisation: that of the credential, or the one X-Org-Id names',
  tenant: 'within the tenant; a credential of an organisation sees that and what all share',
  platform: 'for the whole tenant, with a credential of no organisation',
  installation: 'for the whole installation, by those who run it',
};

/** Who may call an operation, as its description says it. */
export function accessText(access: Access): string {
  if (access.by === 'anyone') return 'Access: asks for no credential.';
  const who = access.by === 'manager' ? 'owners and administrators' : 'members';
  return `Access: ${who}, ${SCOPES[access.scope]}.`;
}
