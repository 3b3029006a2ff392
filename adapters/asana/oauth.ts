import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

/**
 * Asana. Confirmed: addresses of authorization and token, scopes (Asana's OpenAPI document), the revocation
 * (clients' code). Not confirmed: PKCE, that refreshing keeps the refresh token, `data` of an answer, and
 * what else ends with a revocation.
 */
export const asanaOAuth: OAuthProvider = {
  provider: 'asana',
  title: 'Asana',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://app.asana.com/-/oauth_authorize',
    token: 'https://app.asana.com/-/oauth_token',
    revocation: 'https://app.asana.com/-/oauth_revoke',
  }),
  scopes: [
    {
      name: 'tasks:read',
      title: 'Read tasks',
      description: 'Read tasks that the user may see.',
      required: true,
    },
    {
      name: 'projects:read',
      title: 'Read projects',
      description: 'Read projects that the user may see.',
      required: true,
    },
    {
      name: 'users:read',
      title: 'Read people',
      description: 'See who was connected and whom tasks are assigned to.',
      required: true,
    },
    {
      name: 'workspaces:read',
      title: 'Read workspaces',
      description: 'See which workspaces there are.',
      required: true,
    },
    {
      name: 'webhooks:read',
      title: 'See webhooks',
      description: 'See the webhooks of the app.',
      required: false,
    },
    {
      name: 'webhooks:write',
      title: 'Register webhooks',
      description: 'Be told of changes.',
      required: false,
    },
    {
      name: 'webhooks:delete',
      title: 'Remove webhooks',
      description: 'Remove webhooks when the connection ends.',
      required: false,
    },
  ],
  authorization: { pkce: true, scopeSeparator: ' ' },
  token: {
    clientAuthentication: 'post',
    defaultLifetimeSeconds: 3_600,
    facts: {
      user_gid: { path: ['data', 'gid'] },
      user_name: { path: ['data', 'name'] },
    },
    accountId: ['user_gid'],
    accountName: ['user_name'],
  },
  refreshTokens: 'kept',
  revocation: { token: 'refresh_token', sentAs: 'form', client: true, ends: 'grant' },
};
