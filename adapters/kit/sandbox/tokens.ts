/** What a token is worth at a sandbox. */
export type TokenState = 'valid' | 'expired' | 'unknown';

/** A token that a sandbox takes. */
export interface SandboxToken {
  readonly token: string;
  /** Absent: it does not expire. */
  readonly expiresAtMs?: number | undefined;
}

/** The access tokens and API keys that a sandbox takes: none, until it is told of some. */
export class SandboxTokens {
  readonly #nowMs: () => number;
  readonly #expiries = new Map<string, number>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Takes a token from now on; one that is known gets the new expiry. */
  allow({ token, expiresAtMs = Number.POSITIVE_INFINITY }: SandboxToken): void {
    this.#expiries.set(token, expiresAtMs);
  }

  /** Takes these tokens and no others. */
  replace(tokens: readonly SandboxToken[]): void {
    this.#expiries.clear();
    for (const one of tokens) this.allow(one);
  }

  revoke(token: string): void {
    this.#expiries.delete(token);
  }

  stateOf(token: string): TokenState {
    const expiresAtMs = this.#expiries.get(token);
    if (expiresAtMs === undefined) return 'unknown';
    return this.#nowMs() < expiresAtMs ? 'valid' : 'expired';
  }
}
