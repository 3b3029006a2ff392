import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

/**
 * ClickUp. There are no scopes: the user picks Workspaces. Confirmed: addresses, JSON bodies (several
 * clients that agree). Not confirmed: that tokens do not expire and there are no refresh tokens, and that
 * there is no way to revoke; `ECODE` of errors.
 */
export const clickupOAuth: OAuthProvider = {
  provider: 'clickup',
  title: 'ClickUp',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://app.clickup.com/api',
    token: 'https://api.clickup.com/api/v2/oauth/token',
  }),
  scopes: [],
  authorization: { pkce: false, scopeSeparator: ' ' },
  token: { clientAuthentication: 'post', body: 'json' },
  refreshTokens: 'none',
  errors: {
    members: ['error', 'ECODE'],
    permanent: ['OAUTH_012', 'OAUTH_014'],
    client: ['OAUTH_010'],
  },
};
