import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

const AUTH = 'https://www.googleapis.com/auth';

/**
 * Google. Confirmed: addresses (source code of google-auth-library), that a refresh token comes only when
 * consent is shown, that it dies with a revocation, after six months unused, after a week while the app is
 * in testing. Not confirmed: that refreshing keeps the refresh token, that PKCE is checked, `iss` of the
 * callback, that revoking one token ends all of the user's consent.
 */
export const googleOAuth: OAuthProvider = {
  provider: 'google',
  title: 'Google',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    revocation: 'https://oauth2.googleapis.com/revoke',
  }),
  scopes: [
    {
      name: `${AUTH}/userinfo.email`,
      title: 'Email address',
      description: 'See which account was connected.',
      required: true,
    },
    {
      name: `${AUTH}/calendar.events.readonly`,
      title: 'Read calendar events',
      description: 'See events of all calendars.',
      required: false,
    },
    {
      name: `${AUTH}/calendar.calendarlist.readonly`,
      title: 'List calendars',
      description: 'See which calendars there are.',
      required: false,
    },
    {
      name: `${AUTH}/gmail.metadata`,
      title: 'Read mail headers',
      description: 'See headers and labels of mail, without its text.',
      required: false,
    },
    {
      name: `${AUTH}/gmail.readonly`,
      title: 'Read mail',
      description: 'Read mail with its text. Google reviews apps that ask for it.',
      required: false,
    },
  ],
  authorization: {
    parameters: { access_type: 'offline', prompt: 'consent' },
    pkce: true,
    scopeSeparator: ' ',
    issuer: 'https://accounts.google.com',
  },
  token: { clientAuthentication: 'post', defaultLifetimeSeconds: 3_600 },
  refreshTokens: 'kept',
  errors: { permanent: ['deleted_client', 'admin_policy_enforced', 'org_internal'] },
  revocation: { token: 'refresh_token', sentAs: 'form', client: false, ends: 'grant' },
};
