import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { verifyToken } from '#platform/jwt/verify-token.ts';
import { NotAuthenticated } from '#schemas/problems.ts';
import { ROLES, type Role } from './access.ts';
import type { TokenKind } from './bearer.ts';
import { isOrgId } from './org-scope.ts';
import type { Identity } from './principal.ts';

/** Names of the claims that say whom a token is for. */
export interface ClaimNames {
  readonly tenant: string;
  readonly org: string;
  /** One role, or a list of which the highest counts. */
  readonly role: string;
}

export const DEFAULT_CLAIMS: ClaimNames = { tenant: 'tenant_id', org: 'org_id', role: 'role' };

export interface JwtIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JWTVerifyGetKey;
  readonly claims: ClaimNames;
}

/** Signatures by a private key alone: whoever can verify a shared secret could make tokens. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const TENANT_ID = /^[A-Za-z0-9_-]{1,64}$/;
const ADVICE = 'Sign in again.';

/** Tokens of users, as an issuer signs them. Several issuers are told apart by `iss`. */
export function jwtTokens(issuers: readonly JwtIssuer[]): TokenKind {
  const byName = new Map(issuers.map((one) => [one.issuer, one]));
  return async (presented) => {
    if (!JWT.test(presented)) return undefined;
    const issuer = byName.get(issuerOf(presented) ?? '');
    if (!issuer) throw refused('is of no issuer that is known here');
    const expected = { ...issuer, algorithms: ALGORITHMS, advice: ADVICE };
    return identityOf(await verifyToken(presented, expected), issuer.claims);
  };
}

/** Read before it is verified, and used for nothing but to choose the keys to verify it by. */
function issuerOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    );
    const { iss } = claims as { iss?: unknown };
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whom verified claims are for.
 *
 * @throws NotAuthenticated when tenant or organisation are none: never a guess, as a missing organisation
 *   would be more than one that is there
 */
export function identityOf(payload: JWTPayload, names: ClaimNames): Identity {
  const { [names.tenant]: tenantId, [names.org]: orgId, [names.role]: role, sub } = payload;
  if (typeof tenantId !== 'string' || !TENANT_ID.test(tenantId)) {
    throw refused(`holds no tenant in its claim ${names.tenant}`);
  }
  const hasNoOrg = orgId === undefined || orgId === null;
  if (!hasNoOrg && !(typeof orgId === 'string' && isOrgId(orgId))) {
    throw refused(`holds no organisation in its claim ${names.org}`);
  }
  return {
    tenantId,
    orgId: hasNoOrg ? null : orgId,
    role: highest(role),
    actor: `user ${String(sub).slice(0, 200)}`,
  };
}

function highest(claim: unknown): Role {
  const given: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return ROLES.findLast((role) => given.includes(role)) ?? 'member';
}

function refused(reason: string): NotAuthenticated {
  return new NotAuthenticated(`The token ${reason}. ${ADVICE}`);
}
