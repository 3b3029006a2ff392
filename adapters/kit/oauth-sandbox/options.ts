import { z } from 'zod';

/** An app that is registered with every provider of the sandbox. */
export interface SandboxClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default: any. */
  readonly redirectUris?: readonly string[];
  /** Public key (PEM, SPKI) that JWT bearer assertions are verified with. */
  readonly publicKey?: string;
}

/** The app that is registered unless others are given. */
export const SANDBOX_CLIENT: SandboxClient = {
  clientId: 'sandbox-client.id',
  clientSecret: 'sbxsecret-_~!:+/=%',
};

export interface OAuthSandboxOptions {
  readonly clients?: readonly SandboxClient[];
  /** Port on 127.0.0.1. Default 0, any free one. */
  readonly port?: number;
  readonly nowMs?: () => number;
  /** Lifetime of access tokens, instead of the provider's where it has one. */
  readonly lifetimeSeconds?: number;
  /** Told as the address of the account's API (instance_url, api_domain). */
  readonly apiUrl?: string;
}

/** What the user does at the consent page. */
export const consentSchema = z.strictObject({
  decision: z
    .enum(['ask', 'allow', 'deny'])
    .default('ask')
    .describe('ask: the page is shown. allow, deny: it is answered at once.'),
  scopes: z
    .array(z.string())
    .optional()
    .describe('Scopes that the user allows; by default all that were asked for.'),
  account: z.string().optional().describe("The provider's id of the account that is connected."),
  location: z.string().optional().describe('Region of the account, where there are some: eu.'),
  error: z.string().optional().describe('An error code to return to the callback instead.'),
});
export type Consent = z.input<typeof consentSchema>;

/** What can go wrong at the endpoints. */
export const faultSchema = z.strictObject({
  kind: z
    .enum([
      'unavailable',
      'limited',
      'throttled',
      'slow',
      'drop_answer',
      'silent',
      'html',
      'huge',
      'redirect',
    ])
    .describe(
      'unavailable: 503. limited: 429 with Retry-After. throttled: the words of the provider for too many requests. slow: works after delay_ms. drop_answer: does the work, then cuts the connection. silent: never answers. html: a page with 200. huge: an answer of 256 KiB. redirect: to another host.',
    ),
  times: z.int().min(1).max(1_000_000).default(1).describe('For so many requests.'),
  on: z
    .enum(['token', 'refresh', 'code', 'jwt_bearer', 'client_credentials', 'revocation'])
    .default('token')
    .describe('Which requests: token means all to the token endpoint.'),
  delay_ms: z.int().min(0).max(600_000).default(100),
});
export type OAuthFault = z.input<typeof faultSchema>;

/** A consent that is given without a browser. */
export const grantSchema = z.strictObject({
  provider: z.string(),
  scopes: z.array(z.string()).default([]),
  account: z.string().optional(),
  location: z.string().optional(),
  client_id: z.string().optional().describe('By default the first app.'),
});
export type GrantRequest = z.input<typeof grantSchema>;
