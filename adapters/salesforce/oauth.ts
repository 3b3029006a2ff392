import { z } from 'zod';
import type { ConnectionSettings, OAuthProvider } from '#adapters/kit/oauth.ts';

const PRODUCTION = 'https://login.salesforce.com';
const SANDBOX = 'https://test.salesforce.com';
/** The secret of the app is sent there, so no other host is taken. */
const LOGIN_URL =
  /^https:\/\/(?:login|test|[a-z0-9](?:[a-z0-9-]{0,80})(?:\.[a-z]{1,20})?\.my)\.salesforce\.com\/?$/i;

const settings = z.object({
  login_url: z
    .string()
    .regex(LOGIN_URL, {
      message: `Give ${PRODUCTION}, ${SANDBOX} for a sandbox, or the My Domain such as https://acme.my.salesforce.com.`,
    })
    .transform((url) => url.replace(/\/$/, '').toLowerCase())
    .default(PRODUCTION),
});

/**
 * Salesforce. Confirmed: hosts, paths, PKCE, the members of a token answer and that it tells no
 * lifetime, single-use refresh tokens where rotation is on (a second use ends the live pair), the answer
 * to parallel refreshes, the JWT bearer grant and its audience (Salesforce Help, "OAuth Endpoints",
 * "OAuth 2.0 JWT Bearer Flow", "OAuth Authorization Flow Errors", release notes of Summer '24; source
 * code of jsforce). Not confirmed: the scopes' names, and that the login hosts refuse client credentials.
 */
export const salesforceOAuth: OAuthProvider = {
  provider: 'salesforce',
  title: 'Salesforce',
  settings,
  endpoints(all) {
    const host = loginUrl(all);
    return {
      authorization: `${host}/services/oauth2/authorize`,
      token: `${host}/services/oauth2/token`,
      revocation: `${host}/services/oauth2/revoke`,
    };
  },
  scopes: [
    {
      name: 'api',
      title: 'Records',
      description: 'Read the records that the user may see, through the API.',
      required: true,
    },
    {
      name: 'refresh_token',
      title: 'Access at any time',
      description: 'Stay connected while nobody is signed in.',
      required: true,
      shownBy: 'refresh_token',
    },
    {
      name: 'id',
      title: 'Identity',
      description: 'See which user and organization were connected.',
      required: true,
    },
  ],
  authorization: { pkce: true, scopeSeparator: ' ' },
  token: {
    clientAuthentication: 'post',
    // The session timeout decides: two hours unless an administrator sets another one, 15 minutes at least.
    defaultLifetimeSeconds: 7_200,
    facts: {
      instance_url: { path: ['instance_url'], domains: ['salesforce.com', 'force.com'] },
      organization_id: { path: ['id'], match: /\/id\/([A-Za-z0-9]{15,18})\// },
    },
    accountId: ['organization_id'],
    scopeIncludes: { full: ['api', 'id'], offline_access: ['refresh_token'] },
  },
  // Rotation is a setting of the app. What holds with it holds without.
  refreshTokens: 'single_use',
  errors: {
    permanent: ['inactive_user', 'inactive_org', 'invalid_assertion_type', 'invalid_app_access'],
    client: ['invalid_client_id', 'invalid_client_credentials'],
    transient: [
      { error: 'invalid_grant', description: /already being processed/i, retryAfterSeconds: 1 },
      { error: 'rate_limit_exceeded' },
    ],
  },
  revocation: { token: 'refresh_token', sentAs: 'form', client: false, ends: 'token' },
  grants: {
    jwtBearer: {
      lifetimeSeconds: 180,
      audience: (all) => (isSandbox(loginUrl(all)) ? SANDBOX : PRODUCTION),
    },
    clientCredentials: {
      fault: (all) =>
        loginUrl(all).endsWith('.my.salesforce.com')
          ? undefined
          : 'Client credentials are given at the My Domain of the organization. Set login_url to it, such as https://acme.my.salesforce.com.',
    },
  },
};

function loginUrl({ login_url }: ConnectionSettings): string {
  return String(login_url);
}

/** The My Domain of a sandbox is `acme--name.sandbox.my.salesforce.com`. */
function isSandbox(url: string): boolean {
  return url === SANDBOX || url.endsWith('.sandbox.my.salesforce.com');
}
