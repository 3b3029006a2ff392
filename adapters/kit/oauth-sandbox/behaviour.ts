/** What can be wrong with a request to a token endpoint. */
export type Refusal =
  | 'invalid_request'
  | 'invalid_client'
  /** The code is unknown, expired, used, or of another client, address or region. */
  | 'invalid_code'
  | 'wrong_verifier'
  | 'verifier_missing'
  /** The refresh token or assertion is unknown, spent or revoked. */
  | 'invalid_grant'
  | 'unsupported_grant'
  /** Another refresh of the same token is under way. */
  | 'busy'
  | 'throttled'
  | 'invalid_token';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: an empty body. */
  readonly json?: unknown;
}

/** What a token answer is made of. */
export interface Issued {
  readonly accessToken: string;
  /** Absent where none is told. */
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
  /** Absent where tokens do not expire. */
  readonly expiresInSeconds: number | undefined;
  /** The provider's id of the account. */
  readonly account: string;
  /** Where the account's API is, when the sandbox was told; by default a host of the provider. */
  readonly apiUrl: string | undefined;
  /** Host of the token endpoint. */
  readonly host: string;
  readonly nowMs: number;
}

/** How one provider's authorisation server behaves, as its notes say. */
export interface Behaviour {
  readonly authorization: { readonly hosts: RegExp; readonly path: RegExp };
  readonly token: { readonly hosts: RegExp; readonly path: RegExp };
  readonly revocation?: {
    readonly hosts: RegExp;
    readonly path: RegExp;
    readonly sentAs: 'form' | 'json' | 'query' | 'bearer';
    readonly client: boolean;
    readonly takes: readonly ('access' | 'refresh')[];
    readonly done: Answer;
  };
  readonly clientAuthentication: readonly ('post' | 'basic')[];
  readonly body: 'form' | 'json';
  /** `plain_by_default`: a challenge without a method is taken as it is. */
  readonly pkce: 'checked' | 'plain_by_default' | 'ignored';
  readonly scopeSeparator: RegExp;
  /** Where scopes stand in the authorization request. */
  readonly scopeParameters: readonly string[];
  /** Parameters without which no refresh token is given. */
  readonly offline?: Readonly<Record<string, string>>;
  /** A scope without which no refresh token is given. */
  readonly offlineScope?: string;
  readonly refresh: 'none' | 'silent' | 'repeated' | 'replaced' | 'single_use';
  /** What using a spent refresh token does. */
  readonly reuse?: 'refused' | 'ends_grant';
  /** A second refresh while one is under way is refused. */
  readonly oneRefreshAtATime?: boolean;
  readonly codeSeconds: number;
  /** Lifetime of access tokens; absent: for ever. */
  readonly accessTokenSeconds?: number;
  readonly account: string;
  /** Where accounts are kept by region: the host that each one's codes are redeemed at. */
  readonly regions?: Readonly<Record<string, string>>;
  readonly grants?: {
    /** The audience of assertions, by host of the token endpoint. */
    audience(host: string): string;
    clientCredentials(host: string): boolean;
  };
  answer(issued: Issued): object;
  refuse(refusal: Refusal): Answer;
}

const RFC_CODES: Readonly<Record<Refusal, string>> = {
  invalid_request: 'invalid_request',
  invalid_client: 'invalid_client',
  invalid_code: 'invalid_grant',
  wrong_verifier: 'invalid_grant',
  verifier_missing: 'invalid_grant',
  invalid_grant: 'invalid_grant',
  unsupported_grant: 'unsupported_grant_type',
  busy: 'temporarily_unavailable',
  throttled: 'slow_down',
  invalid_token: 'invalid_token',
};

/** Refuses as RFC 6749 says. */
export function refuseByStandard(refusal: Refusal): Answer {
  if (refusal === 'throttled') return { status: 429, headers: { 'retry-after': '30' }, json: {} };
  const error = RFC_CODES[refusal];
  const status = refusal === 'invalid_client' ? 401 : 400;
  return { status, json: { error, error_description: `The sandbox says ${refusal}.` } };
}

/** A token answer as RFC 6749 says. */
export function answerByStandard(issued: Issued, separator = ' '): Record<string, unknown> {
  return {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    ...(issued.expiresInSeconds !== undefined && { expires_in: issued.expiresInSeconds }),
    ...(issued.refreshToken !== undefined && { refresh_token: issued.refreshToken }),
    scope: issued.scopes.join(separator),
  };
}
