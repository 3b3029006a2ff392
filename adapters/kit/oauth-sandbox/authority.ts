import { randomBytes } from 'node:crypto';
import type { Behaviour } from './behaviour.ts';

/** A user's consent, and all tokens that came of it. */
export interface Grant {
  readonly provider: string;
  readonly behaviour: Behaviour;
  readonly clientId: string;
  readonly account: string;
  readonly scopes: readonly string[];
  /** Whether refresh tokens are given. */
  readonly offline: boolean;
  /** Host that its codes and refresh tokens are taken at; undefined where any is. */
  readonly home: string | undefined;
  /** A refresh of it is under way. */
  refreshing: boolean;
  ended: boolean;
}

/** What a code stands for until it is redeemed. */
export interface PendingCode {
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly challenge: { readonly value: string; readonly method: string } | undefined;
  readonly expiresAtMs: number;
  used: boolean;
}

interface AccessToken {
  readonly grant: Grant;
  readonly expiresAtMs: number | undefined;
}

interface RefreshToken {
  readonly grant: Grant;
  spent: boolean;
}

/** Tokens as they were given. */
export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresInSeconds: number | undefined;
}

/** Codes and tokens of the sandbox. Each holds the letters `sbx`, so that leaks of them can be searched for. */
export class Authority {
  readonly #codes = new Map<string, PendingCode>();
  readonly #accessTokens = new Map<string, AccessToken>();
  readonly #refreshTokens = new Map<string, RefreshToken>();
  readonly #nowMs: () => number;
  readonly #lifetimeSeconds: number | undefined;

  /** @param lifetimeSeconds of access tokens that expire, instead of the provider's */
  constructor(nowMs: () => number, lifetimeSeconds: number | undefined) {
    this.#nowMs = nowMs;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  makeCode(pending: Omit<PendingCode, 'expiresAtMs' | 'used'>): string {
    const code = newToken('code');
    const expiresAtMs = this.#nowMs() + pending.grant.behaviour.codeSeconds * 1_000;
    this.#codes.set(code, { ...pending, expiresAtMs, used: false });
    return code;
  }

  codeOf(code: string): PendingCode | undefined {
    const pending = this.#codes.get(code);
    return pending && pending.expiresAtMs > this.#nowMs() ? pending : undefined;
  }

  /** The first tokens of a grant. */
  issue(grant: Grant): TokenPair {
    const refreshToken = grant.offline ? newToken('rt') : undefined;
    if (refreshToken) this.#refreshTokens.set(refreshToken, { grant, spent: false });
    return { ...this.#accessToken(grant), refreshToken };
  }

  /** Tokens for a refresh token that is good: the one told, if any, is what the provider tells. */
  refresh(used: string, grant: Grant): TokenPair {
    const { refresh } = grant.behaviour;
    if (refresh === 'silent') return { ...this.#accessToken(grant), refreshToken: undefined };
    if (refresh === 'repeated') return { ...this.#accessToken(grant), refreshToken: used };
    const before = this.#refreshTokens.get(used);
    if (before && refresh === 'single_use') before.spent = true;
    const refreshToken = newToken('rt');
    this.#refreshTokens.set(refreshToken, { grant, spent: false });
    return { ...this.#accessToken(grant), refreshToken };
  }

  refreshTokenOf(token: string): RefreshToken | undefined {
    return this.#refreshTokens.get(token);
  }

  /** The grant of an access token that is good now. */
  grantOf(accessToken: string): Grant | undefined {
    const token = this.#accessTokens.get(accessToken);
    if (!token || token.grant.ended) return undefined;
    if (token.expiresAtMs !== undefined && token.expiresAtMs <= this.#nowMs()) return undefined;
    return token.grant;
  }

  /** Ends the grant behind a token of any kind. @returns false when there is no such token */
  revoke(token: string, kinds: readonly ('access' | 'refresh')[]): boolean {
    const found =
      (kinds.includes('refresh') ? this.#refreshTokens.get(token) : undefined) ??
      (kinds.includes('access') ? this.#accessTokens.get(token) : undefined);
    if (!found || found.grant.ended) return false;
    found.grant.ended = true;
    return true;
  }

  /** Ends all access tokens, as if their time were over. */
  expireAccessTokens(): void {
    for (const [token, { grant }] of this.#accessTokens) {
      this.#accessTokens.set(token, { grant, expiresAtMs: 0 });
    }
  }

  /** How many grants there are that some token still opens. @param provider by default of all */
  liveGrants(provider?: string): number {
    const all = [...this.#accessTokens.values(), ...this.#refreshTokens.values()];
    const live = all.filter(
      ({ grant }) => !grant.ended && (provider === undefined || grant.provider === provider),
    );
    return new Set(live.map(({ grant }) => grant)).size;
  }

  #accessToken(grant: Grant): Omit<TokenPair, 'refreshToken'> {
    const accessToken = newToken('at');
    const { accessTokenSeconds } = grant.behaviour;
    const expiresInSeconds = accessTokenSeconds && (this.#lifetimeSeconds ?? accessTokenSeconds);
    const expiresAtMs = expiresInSeconds && this.#nowMs() + expiresInSeconds * 1_000;
    this.#accessTokens.set(accessToken, { grant, expiresAtMs });
    return { accessToken, expiresInSeconds };
  }
}

function newToken(kind: string): string {
  return `sbx${kind}_${randomBytes(24).toString('base64url')}`;
}
