import { randomUUID } from 'node:crypto';
import { openSigningKey, type SigningKey } from '#platform/jwt/signing-key.ts';
import { verifyToken } from '#platform/jwt/verify-token.ts';
import { NotAuthenticated, SignInLinkInvalid } from '#schemas/problems.ts';
import type { Role } from './access.ts';
import { DEFAULT_CLAIMS, identityOf, type JwtIssuer } from './jwt.ts';
import type { Identity } from './principal.ts';

/** Whom a token is made for. */
export interface Bearer {
  readonly subject: string;
  readonly tenantId: string;
  readonly orgId: string | null;
  readonly role: Role;
}

/** What a sign-in link says, once it is verified. It may have been used before. */
export interface SignInLink {
  readonly id: string;
  readonly identity: Identity;
  readonly expiresAt: Date;
}

/** The embedded server's own issuer of tokens, where there is no identity provider. */
export interface LocalIssuer extends JwtIssuer {
  issue(bearer: Bearer, lifetimeSeconds: number, nowMs?: number): Promise<string>;
  /** The token of a link that signs a browser in, once and within 15 minutes. No token of the API. */
  issueLink(bearer: Bearer, nowMs?: number): Promise<string>;
  /** @throws SignInLinkInvalid for anything but such a token, also one of the API */
  readLink(token: string): Promise<SignInLink>;
}

const ISSUER = 'https://tributary.internal';
const AUDIENCE = 'tributary-api';
/** Of links alone, so that neither kind passes for the other. */
const LINK_AUDIENCE = 'tributary-sign-in';
const LINK_PURPOSE = 'sign_in';
export const LINK_MINUTES = 15;
const LINK_ADVICE = 'Ask for a new link.';

/** Opens the issuer; its key is in the key folder. @throws InvalidConfig when it is no key */
export async function openLocalIssuer(keyDir: string): Promise<LocalIssuer> {
  const key: SigningKey = await openSigningKey(keyDir, 'token-signing.key');
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: key.jwks,
    claims: DEFAULT_CLAIMS,
    issue: (bearer, lifetimeSeconds, nowMs = Date.now()) =>
      key.sign({ ...claimsOf(bearer), aud: AUDIENCE }, nowMs, lifetimeSeconds),
    issueLink(bearer, nowMs = Date.now()) {
      const claims = { aud: LINK_AUDIENCE, purpose: LINK_PURPOSE, jti: randomUUID() };
      return key.sign({ ...claimsOf(bearer), ...claims }, nowMs, LINK_MINUTES * 60);
    },
    readLink: (token) => readLink(token, key),
  };
}

function claimsOf({ subject, tenantId, orgId, role }: Bearer) {
  const org = orgId === null ? {} : { org_id: orgId };
  return { iss: ISSUER, sub: subject, tenant_id: tenantId, ...org, role };
}

async function readLink(token: string, { jwks }: SigningKey): Promise<SignInLink> {
  try {
    const claims = await verifyToken(token, {
      issuer: ISSUER,
      audience: LINK_AUDIENCE,
      jwks,
      algorithms: ['RS256'],
      advice: LINK_ADVICE,
    });
    const { purpose, jti, exp } = claims;
    if (purpose === LINK_PURPOSE && typeof jti === 'string' && exp !== undefined) {
      const expiresAt = new Date(exp * 1_000);
      return { id: jti, identity: identityOf(claims, DEFAULT_CLAIMS), expiresAt };
    }
  } catch (error) {
    if (!(error instanceof NotAuthenticated)) throw error;
  }
  throw new SignInLinkInvalid(`The link is not one of this server, or too old. ${LINK_ADVICE}`);
}
