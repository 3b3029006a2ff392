import type { Credential } from '#adapters/kit/provider-api.ts';

/** What a refresh needs to know of the connection. */
export interface RefreshedConnection {
  readonly id: string;
  /** Whose OAuth client is used. */
  readonly tenantId: string;
  readonly provider: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Asks a provider for a new access token: by the refresh token, or by the grant where the kind has none
 * (`client_credentials`, `jwt_bearer`).
 *
 * @throws CredentialsRefused when it will not help to ask again
 * @throws ProviderUnavailable when it may; without `cause` when the provider has answered, as then no
 *   tokens were given out
 */
export type Refresh = (
  connection: RefreshedConnection,
  credential: Credential,
  signal: AbortSignal,
) => Promise<Credential>;
