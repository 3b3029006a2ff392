import type { z } from 'zod';

/** Settings of a connection, as they are stored. */
export type ConnectionSettings = Readonly<Record<string, unknown>>;

/** What a provider told with the token or with the callback, as a Credential keeps it. */
export type Facts = Readonly<Record<string, string>>;

export interface OAuthEndpoints {
  /** Where the user's browser goes. */
  readonly authorization: string;
  readonly token: string;
  /** Absent where the provider has none. */
  readonly revocation?: string;
}

/** Something a user can allow. */
export interface OAuthScope {
  /** As the provider spells it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Without it a connection cannot work. The others are asked for on wish. */
  readonly required: boolean;
  /** For a scope that the provider does not list as granted: it is when a refresh token comes. */
  readonly shownBy?: 'refresh_token';
}

/** How a user is sent to the provider, and what comes back. */
export interface AuthorizationRules {
  /** Sent besides those of RFC 6749. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Whether the provider checks a code challenge (S256). Others are not sent one. */
  readonly pkce: boolean;
  readonly scopeSeparator: ' ' | ',';
  /** Where optional scopes go, when not beside the required ones. */
  readonly optionalScopeParameter?: string;
  /** What `iss` of the callback must be, where it is given. */
  readonly issuer?: string;
  /**
   * What the callback tells and the token endpoint depends on.
   *
   * @returns undefined when it names something that is not the provider's
   */
  callbackFacts?(callback: URLSearchParams): Facts | undefined;
}

/** Where in a token answer a fact stands. */
export interface FactSource {
  readonly path: readonly string[];
  /** Its first group is kept; what does not match is left out. */
  readonly match?: RegExp;
  /** For an address that tokens are sent to: https, and its host one of these or below one. */
  readonly domains?: readonly string[];
}

/** How the token endpoint is asked and answers. */
export interface TokenRules {
  /** How the client says who it is: in the body, or by HTTP Basic. */
  readonly clientAuthentication: 'post' | 'basic';
  /** How requests are spelled. Default: form. */
  readonly body?: 'form' | 'json';
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a token lives when the answer does not tell. Absent: until it is revoked. */
  readonly defaultLifetimeSeconds?: number;
  /** By the name that a Credential keeps them under. */
  readonly facts?: Readonly<Record<string, FactSource>>;
  /** Facts that name the account, the best first. */
  readonly accountId?: readonly string[];
  readonly accountName?: readonly string[];
  /** What one granted scope amounts to, besides itself. */
  readonly scopeIncludes?: Readonly<Record<string, readonly string[]>>;
  /** What granted scopes may be spelled with in front. */
  readonly scopePrefix?: string;
}

/** An error answer that says "later". */
export interface TransientError {
  readonly error: string;
  /** What the description holds, where the code alone does not tell. */
  readonly description?: RegExp;
  readonly retryAfterSeconds?: number;
}

/** What error answers mean, besides RFC 6749. A body with an error and no token is one, whatever its status. */
export interface ErrorRules {
  /** Members that hold the code, the first present one counts. Default: error. */
  readonly members?: readonly string[];
  /** Codes after which the same request can never succeed. */
  readonly permanent?: readonly string[];
  /** Codes that say that client id or secret are wrong. */
  readonly client?: readonly string[];
  /** Told first, as some share their code with permanent ones. */
  readonly transient?: readonly TransientError[];
}

export interface RevocationRules {
  /** Which token is sent; the access token where there is no refresh token. */
  readonly token: 'refresh_token' | 'access_token';
  /** Where it goes: into the body, the query, or the Authorization header. */
  readonly sentAs: 'form' | 'json' | 'query' | 'bearer';
  /** Whether the client says who it is, as at the token endpoint. */
  readonly client: boolean;
  /** `grant`: other tokens of the same user and app end with it, so connections that share them do. */
  readonly ends: 'token' | 'grant';
}

/**
 * What becomes of a refresh token when it is used.
 *
 * - `none`: there are none.
 * - `kept`: it is used on; answers may leave it out.
 * - `replaced`: another one comes, and the old one stays good.
 * - `single_use`: another one comes, and the old one is spent.
 */
export type RefreshTokens = 'none' | 'kept' | 'replaced' | 'single_use';

/** Grants without a user. */
export interface ExtraGrants {
  readonly jwtBearer?: {
    readonly lifetimeSeconds: number;
    audience(settings: ConnectionSettings): string;
  };
  readonly clientCredentials?: {
    /** Why the settings do not allow it. */
    fault(settings: ConnectionSettings): string | undefined;
  };
}

/** A provider's OAuth 2.0, as data: one code path serves all. */
export interface OAuthProvider {
  readonly provider: string;
  readonly title: string;
  /** The settings that addresses depend on, out of all settings of a connection. */
  readonly settings: z.ZodType<ConnectionSettings, unknown>;
  /**
   * @param settings parsed by `settings`
   * @param facts of the callback or the credential
   */
  endpoints(settings: ConnectionSettings, facts: Facts): OAuthEndpoints;
  readonly scopes: readonly OAuthScope[];
  readonly authorization: AuthorizationRules;
  readonly token: TokenRules;
  readonly refreshTokens: RefreshTokens;
  /** How long a spent refresh token is still taken. Default: not at all. */
  readonly refreshGraceSeconds?: number;
  readonly errors?: ErrorRules;
  /** Set where the provider signs webhooks with the secret of the app. */
  readonly webhooksSignedWith?: 'client_secret';
  /** Absent where the provider has no way to revoke. */
  readonly revocation?: RevocationRules;
  readonly grants?: ExtraGrants;
}
