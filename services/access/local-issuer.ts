import { openSigningKey, type SigningKey } from '#platform/jwt/signing-key.ts';
import type { Role } from './access.ts';
import { DEFAULT_CLAIMS, type JwtIssuer } from './jwt.ts';

/** Whom a token is made for. */
export interface Bearer {
  readonly subject: string;
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly role: Role;
}

/** The embedded server's own issuer of tokens, where there is no identity provider. */
export interface LocalIssuer extends JwtIssuer {
  issue(bearer: Bearer, lifetimeSeconds: number, nowMs?: number): Promise<string>;
}

const ISSUER = 'https://tributary.internal';
const AUDIENCE = 'tributary-api';

/** Opens the issuer; its key is in the key folder. @throws InvalidConfig when it is no key */
export async function openLocalIssuer(keyDir: string): Promise<LocalIssuer> {
  const key: SigningKey = await openSigningKey(keyDir, 'token-signing.key');
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: key.jwks,
    claims: DEFAULT_CLAIMS,
    issue: ({ subject, tenantId, orgId, role }, lifetimeSeconds, nowMs = Date.now()) => {
      const claims = { tenant_id: tenantId, ...(orgId !== null && { org_id: orgId }), role };
      const standard = { iss: ISSUER, aud: AUDIENCE, sub: subject };
      return key.sign({ ...claims, ...standard }, nowMs, lifetimeSeconds);
    },
  };
}
