import { z } from 'zod';
import type { OAuthProvider, OAuthScope } from '#adapters/kit/oauth.ts';

const reads = (what: string): OAuthScope => ({
  name: `crm.objects.${what}.read`,
  title: `Read ${what}`,
  description: `Read ${what} and their properties.`,
  required: true,
});

/**
 * HubSpot, with the OAuth API of version 2026-03; /oauth/v1 ends in February 2027. Confirmed: addresses,
 * secrets in the body alone, the members of answers and errors, `optional_scope` (HubSpot developer
 * documentation, "OAuth" and its changelog; source code of @hubspot/api-client). Not confirmed: what else
 * ends when a refresh token is revoked.
 */
export const hubspotOAuth: OAuthProvider = {
  provider: 'hubspot',
  title: 'HubSpot',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://app.hubspot.com/oauth/authorize',
    token: 'https://api.hubapi.com/oauth/2026-03/token',
    revocation: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
  }),
  scopes: [
    {
      name: 'oauth',
      title: 'Connect',
      description: 'Connect the app to the account. HubSpot asks for it always.',
      required: true,
    },
    reads('contacts'),
    reads('companies'),
    reads('deals'),
    {
      name: 'crm.objects.owners.read',
      title: 'Read owners',
      description: 'See who the owners of records are.',
      required: false,
    },
  ],
  // A scope that the account lacks fails the whole installation, unless it is an optional one.
  authorization: { pkce: false, scopeSeparator: ' ', optionalScopeParameter: 'optional_scope' },
  token: {
    clientAuthentication: 'post',
    defaultLifetimeSeconds: 1_800,
    facts: { hub_id: { path: ['hub_id'] } },
    accountId: ['hub_id'],
  },
  refreshTokens: 'kept',
  errors: {
    members: ['error', 'status'],
    permanent: ['BAD_REFRESH_TOKEN', 'BAD_AUTH_CODE', 'BAD_REDIRECT_URI'],
    client: ['BAD_CLIENT_ID', 'BAD_CLIENT_SECRET'],
  },
  webhooksSignedWith: 'client_secret',
  revocation: { token: 'refresh_token', sentAs: 'form', client: true, ends: 'grant' },
};
