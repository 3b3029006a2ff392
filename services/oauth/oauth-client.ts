/** The application that we are at a provider. */
export interface OAuthClient {
  readonly clientId: string;
  /** Absent where only a grant with a signed assertion is used. */
  readonly clientSecret?: string | undefined;
  /** RSA, PEM (PKCS 8). Signs the assertions of the JWT bearer grant. */
  readonly privateKey?: string | undefined;
}
