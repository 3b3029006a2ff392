/** How a connection proves to its provider's API who it is. */
export const CREDENTIAL_KINDS = ['oauth2', 'jwt_bearer', 'client_credentials', 'api_key'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** The credential of a connection, as the secret store keeps it: one JSON text. */
export interface Credential {
  readonly kind: CredentialKind;
  /** The access token, or the API key. */
  readonly token: string;
  readonly refreshToken?: string | undefined;
  /** ISO 8601; absent where the token does not expire or nobody knows when. */
  readonly expiresAt?: string | undefined;
  readonly scopes: readonly string[];
  /** What the provider told with the token and calls need: `instance_url`, `api_domain`, … */
  readonly facts: Readonly<Record<string, string>>;
}

/** A call to the provider's API, before it is given its credential. */
export interface ProviderRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, appended to the base URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
}

export interface ProviderResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Sends one authenticated request. Answers of 2xx and those 4xx that are about the request itself are
 * returned.
 *
 * @throws CredentialsRefused when the provider does not take the credential, also not a new one
 * @throws ProviderUnavailable when there is no answer in time, or a 5xx or 429
 */
export type CallProvider = (request: ProviderRequest) => Promise<ProviderResponse>;

/** The account that a credential belongs to. Null: the provider does not tell. */
export interface Account {
  readonly id: string | null;
  readonly name: string | null;
}

/** A webhook that the provider keeps for us. */
export interface RegisteredWebhook {
  /** What it is for, in the provider's words. */
  readonly resource: string;
  /** The provider's id of it. */
  readonly externalId: string;
  /** When it ends unless it is renewed; absent when never. */
  readonly expiresAtMs?: number | undefined;
}

/** What a webhook is registered with. */
export interface WebhookTarget<Settings> {
  /** For ids that we choose: made of it, they are the same however often a webhook is registered. */
  readonly connectionId: string;
  readonly settings: Settings;
  /** Where the provider is to send to, its secret segment included. */
  readonly url: string;
  readonly secret: string;
  readonly nowMs: number;
}

/** Registration of webhooks by the provider's API. Pure but for `call`. */
export interface WebhookApi<Settings> {
  /** The resources that should be registered for these settings, in the provider's words. */
  resources(settings: Settings): readonly string[];
  /**
   * The id that a webhook will have, where the provider lets us choose it: the same each time, so that one
   * whose registration was cut off can be found. Absent where the provider chooses.
   */
  chosenId?(connectionId: string, resource: string): string;
  /**
   * Registering what is there already, of a call whose answer was lost, leaves one webhook.
   *
   * @throws what `call` throws, and ProviderRefused when the provider does not want it
   */
  register(
    call: CallProvider,
    resource: string,
    target: WebhookTarget<Settings>,
  ): Promise<RegisteredWebhook>;
  /**
   * Makes it last longer, and sends it to the target as it is now. Registers it anew when it is gone.
   * Absent where nothing expires.
   */
  renew?(
    call: CallProvider,
    webhook: RegisteredWebhook,
    target: WebhookTarget<Settings>,
  ): Promise<RegisteredWebhook>;
  /** Succeeds too when it is gone already. */
  remove(call: CallProvider, webhook: RegisteredWebhook): Promise<void>;
}

/** What an answer amounts to. */
export type Judgement =
  /** It is one to the request itself, whatever its status. */
  | { readonly kind: 'answered' }
  /** The token is not taken. A new one may be. */
  | { readonly kind: 'token_refused'; readonly code?: string | undefined }
  /** Nor would a new token be: a permission or a scope is missing, or the app is blocked. */
  | { readonly kind: 'credentials_refused'; readonly code?: string | undefined }
  /** Later the same request may pass. */
  | {
      readonly kind: 'unavailable';
      readonly code?: string | undefined;
      readonly retryAfterSeconds?: number | undefined;
    };

/** How the API of a provider is called. Pure but for `call`. */
export interface ProviderApi<Settings = unknown> {
  readonly credentialKinds: readonly CredentialKind[];
  /** False when these settings do not say how it is called. Default: true. */
  available?(settings: Settings): boolean;
  /**
   * Scheme, host and common path, without a slash at the end.
   *
   * @throws CredentialsRefused when the credential lacks a fact that it takes
   */
  baseUrl(settings: Settings, credential: Credential): string;
  /**
   * The headers that carry the credential.
   *
   * @throws CredentialsRefused when its token cannot stand in a header
   */
  authorize(credential: Credential, settings: Settings): Readonly<Record<string, string>>;
  /**
   * What an answer of any status amounts to, where the status alone misleads; undefined leaves it to the
   * rules that `judgeAnswer` has for all.
   */
  judge?(response: ProviderResponse): Judgement | undefined;
  /**
   * The cheapest authenticated call there is.
   *
   * @throws what `call` throws, and ProviderRefused when the answer is not what it should be
   */
  health(call: CallProvider, settings: Settings): Promise<Account>;
  readonly webhooks?: WebhookApi<Settings>;
}
