import { InvalidConfig } from '#schemas/problems.ts';
import type { Variables } from './variables.ts';

export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** Names of the claims that say whom a token is for. */
  readonly claims: { readonly tenant: string; readonly org: string; readonly role: string };
}

/**
 * The identity provider whose tokens the API takes; undefined where none is configured.
 *
 * @throws InvalidConfig when it is configured in part
 */
export function readJwtConfig(values: Variables): JwtConfig | undefined {
  const {
    TRIBUTARY_JWT_ISSUER: issuer,
    TRIBUTARY_JWT_AUDIENCE: audience,
    TRIBUTARY_JWT_JWKS_URL: jwksUrl,
  } = values;
  if (issuer === undefined && audience === undefined && jwksUrl === undefined) return undefined;
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) {
    throw new InvalidConfig(
      "TRIBUTARY_JWT_ISSUER, TRIBUTARY_JWT_AUDIENCE and TRIBUTARY_JWT_JWKS_URL go together: users' tokens cannot be verified by some of them.",
    );
  }
  return {
    issuer,
    audience,
    jwksUrl,
    claims: {
      tenant: values.TRIBUTARY_JWT_TENANT_CLAIM,
      org: values.TRIBUTARY_JWT_ORG_CLAIM,
      role: values.TRIBUTARY_JWT_ROLE_CLAIM,
    },
  };
}
