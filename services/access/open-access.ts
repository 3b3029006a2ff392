import type { Config } from '#platform/config/config.ts';
import type { Database } from '#platform/database/database.ts';
import { createRemoteKeys } from '#platform/jwt/remote-keys.ts';
import { apiKeyTokens } from '../api-keys/api-key-tokens.ts';
import { type ApiToken, ensureApiToken } from './api-token.ts';
import { bearerAuthentication } from './bearer.ts';
import { type JwtIssuer, jwtTokens } from './jwt.ts';
import { type LocalIssuer, openLocalIssuer } from './local-issuer.ts';
import type { Authenticate } from './principal.ts';
import { SessionStore } from './session-store.ts';
import { BrowserSessions } from './sessions.ts';
import { staticToken } from './static-token.ts';

export interface ApiAccess {
  readonly apiToken: ApiToken;
  readonly authenticate: Authenticate;
  readonly sessions: BrowserSessions;
  /** Of the embedded server alone. */
  readonly issuer: LocalIssuer | undefined;
}

export interface AccessParts {
  readonly database: Database;
  /** Where the console is reached, known once the server listens. */
  readonly publicUrl: () => string;
}

/**
 * Who the API lets in: the installation's own token; programs with an API key; users with a token of the
 * identity provider that is configured; on the embedded server also users with one that this installation
 * has issued. Browsers that have signed in by any of those but a key.
 */
export async function openAccess(
  config: Config,
  { database, publicUrl }: AccessParts,
): Promise<ApiAccess> {
  const apiToken = await ensureApiToken(config.keyDir, config.apiToken);
  const issuers: JwtIssuer[] = [];
  if (config.jwt) {
    const { jwksUrl, ...issuer } = config.jwt;
    issuers.push({ ...issuer, jwks: createRemoteKeys(jwksUrl) });
  }
  const issuer = config.platform === 'embedded' ? await openLocalIssuer(config.keyDir) : undefined;
  if (issuer) issuers.push(issuer);
  const authenticate = bearerAuthentication([
    staticToken(apiToken.value, config.tenantId),
    apiKeyTokens(database),
    jwtTokens(issuers),
  ]);
  const sessions = new BrowserSessions({ store: new SessionStore(database), publicUrl });
  return { apiToken, authenticate, sessions, issuer };
}
