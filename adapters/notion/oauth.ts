import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

/**
 * Notion. There are no scopes: the user picks pages, and the integration has its capabilities. Confirmed:
 * HTTP Basic with JSON bodies, the members of an answer, that it tells no lifetime, that the refresh token
 * may be null (source code of @notionhq/client). Not confirmed: host of the token endpoint, that refresh
 * tokens are replaced, and what else ends with a revocation.
 */
export const notionOAuth: OAuthProvider = {
  provider: 'notion',
  title: 'Notion',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://api.notion.com/v1/oauth/authorize',
    token: 'https://api.notion.com/v1/oauth/token',
    revocation: 'https://api.notion.com/v1/oauth/revoke',
  }),
  scopes: [],
  authorization: { parameters: { owner: 'user' }, pkce: false, scopeSeparator: ' ' },
  token: {
    clientAuthentication: 'basic',
    body: 'json',
    headers: { 'notion-version': '2025-09-03' },
    facts: {
      workspace_id: { path: ['workspace_id'] },
      workspace_name: { path: ['workspace_name'] },
      bot_id: { path: ['bot_id'] },
    },
    accountId: ['workspace_id'],
    accountName: ['workspace_name'],
  },
  refreshTokens: 'single_use',
  errors: {
    members: ['error', 'code'],
    permanent: ['validation_error', 'unauthorized'],
    transient: [
      { error: 'rate_limited' },
      { error: 'internal_server_error' },
      { error: 'service_unavailable' },
    ],
  },
  revocation: { token: 'access_token', sentAs: 'json', client: true, ends: 'grant' },
};
