/** What the sandbox was asked, and what it did. */
export interface OAuthStats {
  /** Authorization requests that reached the consent page. */
  authorizations: number;
  allowed: number;
  denied: number;
  code_calls: number;
  /** Codes that were redeemed. */
  codes_redeemed: number;
  /** Codes that came a second time. */
  codes_reused: number;
  /** Requests to refresh, also those that an injected fault answered. */
  refresh_calls: number;
  /** Refresh calls that gave new tokens, also those whose answer was dropped. */
  refreshed: number;
  /** Refresh tokens that came although they were spent. */
  refresh_tokens_reused: number;
  jwt_bearer_calls: number;
  client_credentials_calls: number;
  /** Token requests that were refused, of all kinds. */
  refused: number;
  revocation_calls: number;
  revoked: number;
  whoami_calls: number;
  whoami_refused: number;
  /** Injected faults that took effect. */
  faults: number;
  /** Consents that a token still opens. */
  live_grants: number;
}

export function emptyOAuthStats(): OAuthStats {
  return {
    authorizations: 0,
    allowed: 0,
    denied: 0,
    code_calls: 0,
    codes_redeemed: 0,
    codes_reused: 0,
    refresh_calls: 0,
    refreshed: 0,
    refresh_tokens_reused: 0,
    jwt_bearer_calls: 0,
    client_credentials_calls: 0,
    refused: 0,
    revocation_calls: 0,
    revoked: 0,
    whoami_calls: 0,
    whoami_refused: 0,
    faults: 0,
    live_grants: 0,
  };
}
