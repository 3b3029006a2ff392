import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

/**
 * Linear. Confirmed: authorization, comma-separated scopes, tokens of 24 hours with rotating refresh tokens
 * for every app since April 2026 (Linear's developer documentation), token and revocation addresses
 * (clients' code). Not confirmed: `prompt`, PKCE, whether a spent refresh token is taken for a while, and
 * what else ends with a revocation.
 */
export const linearOAuth: OAuthProvider = {
  provider: 'linear',
  title: 'Linear',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://linear.app/oauth/authorize',
    token: 'https://api.linear.app/oauth/token',
    revocation: 'https://api.linear.app/oauth/revoke',
  }),
  scopes: [
    {
      name: 'read',
      title: 'Read',
      description: 'Read issues, projects and people of the workspace.',
      required: true,
    },
    {
      name: 'write',
      title: 'Write',
      description: 'Change what the user may change.',
      required: false,
    },
    {
      name: 'admin',
      title: 'Administration',
      description: 'Register webhooks, and all that an administrator may do.',
      required: false,
    },
  ],
  authorization: { parameters: { prompt: 'consent' }, pkce: true, scopeSeparator: ',' },
  token: { clientAuthentication: 'post', defaultLifetimeSeconds: 86_400 },
  refreshTokens: 'single_use',
  revocation: { token: 'refresh_token', sentAs: 'form', client: true, ends: 'grant' },
};
