import { sameText } from '#adapters/kit/verification/signature.ts';
import type { Identity } from './principal.ts';

/**
 * The token of the installation itself: whoever holds it owns the one tenant that is configured, at the
 * platform level.
 *
 * @returns who a presented token belongs to; undefined for any other token
 */
export function staticToken(
  token: string,
  tenantId: string,
): (presented: string) => Identity | undefined {
  const identity: Identity = { tenantId, orgId: null, role: 'owner', actor: 'API token' };
  return (presented) => (sameText(presented, token) ? identity : undefined);
}
