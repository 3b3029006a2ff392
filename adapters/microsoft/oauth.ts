import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

const LOGIN = 'https://login.microsoftonline.com';

const settings = z.object({
  directory: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/, {
      message: 'Give common, organizations, consumers, or the id or domain of a directory.',
    })
    .default('common'),
});

/**
 * Microsoft Graph. Confirmed: refresh tokens live 90 days, every use returns another one and does not end
 * the old one (Microsoft Entra documentation, "Refresh tokens"). Not confirmed: addresses, scopes, that
 * offline_access is not listed as granted. There is no endpoint to revoke one token.
 */
export const microsoftOAuth: OAuthProvider = {
  provider: 'microsoft',
  title: 'Microsoft 365',
  settings,
  endpoints: ({ directory }) => ({
    authorization: `${LOGIN}/${String(directory)}/oauth2/v2.0/authorize`,
    token: `${LOGIN}/${String(directory)}/oauth2/v2.0/token`,
  }),
  scopes: [
    {
      name: 'offline_access',
      title: 'Access at any time',
      description: 'Stay connected while nobody is signed in.',
      required: true,
      shownBy: 'refresh_token',
    },
    {
      name: 'User.Read',
      title: 'Profile',
      description: 'See which user was connected.',
      required: true,
    },
    {
      name: 'Calendars.Read',
      title: 'Read calendars',
      description: 'See events of the calendars.',
      required: false,
    },
    {
      name: 'Mail.Read',
      title: 'Read mail',
      description: 'Read the mail of the user.',
      required: false,
    },
  ],
  authorization: {
    parameters: { response_mode: 'query' },
    pkce: true,
    scopeSeparator: ' ',
  },
  token: {
    clientAuthentication: 'post',
    defaultLifetimeSeconds: 3_600,
    scopePrefix: 'https://graph.microsoft.com/',
  },
  refreshTokens: 'replaced',
  errors: { permanent: ['interaction_required', 'consent_required', 'login_required'] },
};
