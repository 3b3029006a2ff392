import { z } from 'zod';
import type { OAuthProvider } from '#adapters/kit/oauth.ts';

/**
 * Slack: the bot token of a workspace. Scopes are those of the bot: none of users (user_scope) are asked for, as
 * their tokens would not be used. Confirmed: errors with status 200 and
 * `ok: false`. Not confirmed: addresses, scopes, and token rotation (12 hours, single-use refresh tokens),
 * which an app turns on for good; without it tokens do not expire. Revoking the token takes the app out of
 * the workspace.
 */
export const slackOAuth: OAuthProvider = {
  provider: 'slack',
  title: 'Slack',
  settings: z.object({}),
  endpoints: () => ({
    authorization: 'https://slack.com/oauth/v2/authorize',
    token: 'https://slack.com/api/oauth.v2.access',
    revocation: 'https://slack.com/api/auth.revoke',
  }),
  scopes: [
    {
      name: 'channels:read',
      title: 'List channels',
      description: 'See the public channels.',
      required: true,
    },
    {
      name: 'channels:history',
      title: 'Read channels',
      description: 'Read messages of public channels that the app is in.',
      required: true,
    },
    {
      name: 'users:read',
      title: 'Read people',
      description: 'See who is in the workspace.',
      required: true,
    },
    {
      name: 'groups:history',
      title: 'Read private channels',
      description: 'Read messages of private channels that the app is in.',
      required: false,
    },
    {
      name: 'im:history',
      title: 'Read direct messages',
      description: 'Read direct messages to the app.',
      required: false,
    },
    {
      name: 'mpim:history',
      title: 'Read group messages',
      description: 'Read group messages that the app is in.',
      required: false,
    },
  ],
  authorization: { pkce: false, scopeSeparator: ',' },
  token: {
    clientAuthentication: 'post',
    facts: {
      team_id: { path: ['team', 'id'] },
      team_name: { path: ['team', 'name'] },
      enterprise_id: { path: ['enterprise', 'id'] },
      enterprise_name: { path: ['enterprise', 'name'] },
      bot_user_id: { path: ['bot_user_id'] },
    },
    accountId: ['team_id', 'enterprise_id'],
    accountName: ['team_name', 'enterprise_name'],
  },
  refreshTokens: 'single_use',
  errors: {
    permanent: [
      'account_inactive',
      'bad_redirect_uri',
      'code_already_used',
      'invalid_auth',
      'invalid_code',
      'invalid_refresh_token',
      'not_authed',
      'token_revoked',
    ],
    client: ['bad_client_secret', 'invalid_client_id'],
    transient: [
      { error: 'ratelimited' },
      { error: 'internal_error' },
      { error: 'fatal_error' },
      { error: 'service_unavailable' },
      { error: 'request_timeout' },
    ],
  },
  revocation: { token: 'access_token', sentAs: 'bearer', client: false, ends: 'grant' },
};
