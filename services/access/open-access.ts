import type { Config } from '#platform/config/config.ts';
import { createRemoteKeys } from '#platform/jwt/remote-keys.ts';
import { type ApiToken, ensureApiToken } from './api-token.ts';
import { bearerAuthentication } from './bearer.ts';
import { type JwtIssuer, jwtTokens } from './jwt.ts';
import { openLocalIssuer } from './local-issuer.ts';
import type { Authenticate } from './principal.ts';
import { staticToken } from './static-token.ts';

export interface ApiAccess {
  readonly apiToken: ApiToken;
  readonly authenticate: Authenticate;
}

/**
 * Who the API lets in: the installation's own token; users with a token of the identity provider that is
 * configured; on the embedded server also users with one that this installation has issued.
 */
export async function openAccess(config: Config): Promise<ApiAccess> {
  const apiToken = await ensureApiToken(config.keyDir, config.apiToken);
  const issuers: JwtIssuer[] = [];
  if (config.jwt) {
    const { jwksUrl, ...issuer } = config.jwt;
    issuers.push({ ...issuer, jwks: createRemoteKeys(jwksUrl) });
  }
  if (config.platform === 'embedded') issuers.push(await openLocalIssuer(config.keyDir));
  const kinds = [staticToken(apiToken.value, config.tenantId), jwtTokens(issuers)];
  return { apiToken, authenticate: bearerAuthentication(kinds) };
}
