import { z } from 'zod';
import type { Facts, OAuthProvider, OAuthScope } from '#adapters/kit/oauth.ts';

/** Accounts servers by data centre. Those of sa and uk are known from other clients alone. */
const ACCOUNTS: Readonly<Record<string, string>> = {
  us: 'https://accounts.zoho.com',
  eu: 'https://accounts.zoho.eu',
  in: 'https://accounts.zoho.in',
  au: 'https://accounts.zoho.com.au',
  cn: 'https://accounts.zoho.com.cn',
  jp: 'https://accounts.zoho.jp',
  ca: 'https://accounts.zohocloud.ca',
  sa: 'https://accounts.zoho.sa',
  uk: 'https://accounts.zoho.uk',
};
const KNOWN = new Set(Object.values(ACCOUNTS));
const US = 'https://accounts.zoho.com';

const settings = z.object({
  data_center: z
    .enum(Object.keys(ACCOUNTS) as [string, ...string[]], {
      error: `Choose one of: ${Object.keys(ACCOUNTS).join(', ')}.`,
    })
    .default('us'),
});

const reads = (what: string): OAuthScope => ({
  name: `ZohoCRM.modules.${what}.READ`,
  title: `Read ${what}`,
  description: `Read ${what} of Zoho CRM.`,
  required: true,
});

/**
 * Zoho CRM. Confirmed: paths, data centres but sa and uk, the callback's `accounts-server`, comma-separated
 * scopes, that a refresh token comes with explicit consent alone and is not replaced, errors with status
 * 200, 10 access tokens per refresh token in 10 minutes (Zoho CRM API v8, "Multi-DC", "Token validity",
 * "Revoke tokens"; Kaizen 43). Both spellings of the lifetime, expires_in and expires_in_sec, were seen in
 * clients' code.
 */
export const zohoOAuth: OAuthProvider = {
  provider: 'zoho',
  title: 'Zoho CRM',
  settings,
  endpoints({ data_center }, { accounts_server }) {
    const own = ACCOUNTS[String(data_center)] ?? US;
    const home = accounts_server ?? own;
    return {
      // All sign in at one address, from where Zoho leads them to their own; China is apart.
      authorization: `${data_center === 'cn' ? own : US}/oauth/v2/auth`,
      token: `${home}/oauth/v2/token`,
      revocation: `${home}/oauth/v2/token/revoke`,
    };
  },
  scopes: [
    reads('contacts'),
    reads('accounts'),
    reads('deals'),
    {
      name: 'ZohoCRM.org.READ',
      title: 'Read the organization',
      description: 'See which organization was connected, and its currency.',
      required: true,
    },
    {
      name: 'ZohoCRM.notifications.ALL',
      title: 'Notifications',
      description: 'Be told of changes, and keep that going.',
      required: true,
    },
    {
      name: 'ZohoCRM.settings.fields.READ',
      title: 'Read fields',
      description: 'Read fields and the stages of deals.',
      required: false,
    },
    {
      name: 'ZohoCRM.settings.pipeline.READ',
      title: 'Read pipelines',
      description: 'Read the pipelines of deals.',
      required: false,
    },
    {
      name: 'ZohoCRM.coql.READ',
      title: 'Query',
      description: 'Read records by query.',
      required: false,
    },
    {
      name: 'ZohoCRM.bulk.READ',
      title: 'Read in bulk',
      description: 'Export whole modules.',
      required: false,
    },
  ],
  authorization: {
    parameters: { access_type: 'offline', prompt: 'consent' },
    pkce: true,
    scopeSeparator: ',',
    callbackFacts(callback): Facts | undefined {
      const server = callback.get('accounts-server')?.replace(/\/$/, '');
      if (server === undefined) return {};
      // It comes through the browser, and the secret of the app is sent there.
      return KNOWN.has(server) ? { accounts_server: server } : undefined;
    },
  },
  token: {
    clientAuthentication: 'post',
    defaultLifetimeSeconds: 3_600,
    facts: {
      api_domain: {
        path: ['api_domain'],
        domains: [
          'zohoapis.com',
          'zohoapis.eu',
          'zohoapis.in',
          'zohoapis.com.au',
          'zohoapis.com.cn',
          'zohoapis.jp',
          'zohoapis.ca',
          'zohoapis.sa',
          'zohoapis.uk',
        ],
      },
    },
    scopeIncludes: {
      'ZohoCRM.modules.ALL': [
        'ZohoCRM.modules.contacts.READ',
        'ZohoCRM.modules.accounts.READ',
        'ZohoCRM.modules.deals.READ',
      ],
    },
  },
  refreshTokens: 'kept',
  errors: {
    permanent: ['invalid_code', 'invalid_redirect_uri'],
    client: ['invalid_client_secret'],
    transient: [
      { error: 'Access Denied', description: /too many requests/i, retryAfterSeconds: 600 },
    ],
  },
  revocation: { token: 'refresh_token', sentAs: 'query', client: false, ends: 'token' },
};
