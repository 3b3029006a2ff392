import { answerByStandard, type Behaviour, type Refusal, refuseByStandard } from './behaviour.ts';

const host = (name: string) => new RegExp(`^${name.replaceAll('.', '\\.')}$`);
/** By the standards; a refresh token comes with shown consent alone. */
export const google: Behaviour = {
  authorization: { hosts: host('accounts.google.com'), path: /^\/o\/oauth2\/v2\/auth$/ },
  token: { hosts: host('oauth2.googleapis.com'), path: /^\/token$/ },
  revocation: {
    hosts: host('oauth2.googleapis.com'),
    path: /^\/revoke$/,
    sentAs: 'form',
    client: false,
    takes: ['access', 'refresh'],
    done: { status: 200, json: {} },
  },
  clientAuthentication: ['post', 'basic'],
  body: 'form',
  pkce: 'checked',
  scopeSeparator: / /,
  scopeParameters: ['scope'],
  offline: { access_type: 'offline', prompt: 'consent' },
  refresh: 'silent',
  codeSeconds: 600,
  accessTokenSeconds: 3_599,
  account: '108204268033311374519',
  answer: (issued) => answerByStandard(issued),
  refuse: refuseByStandard,
};

/** Every refresh gives another refresh token, and the old one stays good. */
export const microsoft: Behaviour = {
  authorization: {
    hosts: host('login.microsoftonline.com'),
    path: /^\/[A-Za-z0-9.-]+\/oauth2\/v2\.0\/authorize$/,
  },
  token: {
    hosts: host('login.microsoftonline.com'),
    path: /^\/[A-Za-z0-9.-]+\/oauth2\/v2\.0\/token$/,
  },
  clientAuthentication: ['post', 'basic'],
  body: 'form',
  pkce: 'checked',
  scopeSeparator: / /,
  scopeParameters: ['scope'],
  offlineScope: 'offline_access',
  refresh: 'replaced',
  codeSeconds: 600,
  accessTokenSeconds: 4_200,
  account: '9f4880d8-80ba-4c40-97bc-f7a23c703084',
  // The scope that gives refresh tokens is not listed, the others may have their resource in front.
  answer: (issued) =>
    answerByStandard({
      ...issued,
      scopes: issued.scopes
        .filter((scope) => scope !== 'offline_access')
        .map((scope, index) => (index % 2 ? scope : `https://graph.microsoft.com/${scope}`)),
    }),
  refuse: refuseByStandard,
};

/** Errors with status 200 and `ok: false`. Token rotation is on. */
export const slack: Behaviour = {
  authorization: { hosts: host('slack.com'), path: /^\/oauth\/v2\/authorize$/ },
  token: { hosts: host('slack.com'), path: /^\/api\/oauth\.v2\.access$/ },
  revocation: {
    hosts: host('slack.com'),
    path: /^\/api\/auth\.revoke$/,
    sentAs: 'bearer',
    client: false,
    takes: ['access'],
    done: { status: 200, json: { ok: true, revoked: true } },
  },
  clientAuthentication: ['post', 'basic'],
  body: 'form',
  pkce: 'ignored',
  scopeSeparator: /,/,
  scopeParameters: ['scope'],
  refresh: 'single_use',
  reuse: 'refused',
  codeSeconds: 600,
  accessTokenSeconds: 43_200,
  account: 'T0123456789',
  answer: (issued) => ({
    ok: true,
    ...answerByStandard(issued, ','),
    token_type: 'bot',
    app_id: 'A0123456789',
    bot_user_id: 'U0123456789',
    team: { id: issued.account, name: 'Acme' },
    enterprise: null,
    authed_user: { id: 'U0987654321' },
    is_enterprise_install: false,
  }),
  refuse(refusal) {
    if (refusal === 'throttled') {
      return {
        status: 429,
        headers: { 'retry-after': '30' },
        json: { ok: false, error: 'ratelimited' },
      };
    }
    const codes: Partial<Record<Refusal, string>> = {
      invalid_client: 'bad_client_secret',
      invalid_code: 'invalid_code',
      invalid_grant: 'invalid_refresh_token',
      invalid_token: 'token_revoked',
    };
    return { status: 200, json: { ok: false, error: codes[refusal] ?? 'invalid_arguments' } };
  },
};

/** HTTP Basic, JSON bodies, no scopes, no lifetime. */
export const notion: Behaviour = {
  authorization: { hosts: host('api.notion.com'), path: /^\/v1\/oauth\/authorize$/ },
  token: { hosts: host('api.notion.com'), path: /^\/v1\/oauth\/token$/ },
  revocation: {
    hosts: host('api.notion.com'),
    path: /^\/v1\/oauth\/revoke$/,
    sentAs: 'json',
    client: true,
    takes: ['access'],
    done: { status: 200, json: {} },
  },
  clientAuthentication: ['basic'],
  body: 'json',
  pkce: 'ignored',
  scopeSeparator: / /,
  scopeParameters: [],
  refresh: 'single_use',
  reuse: 'refused',
  codeSeconds: 600,
  account: '13950b26-0000-4000-8000-000000000002',
  answer: (issued) => ({
    access_token: issued.accessToken,
    token_type: 'bearer',
    refresh_token: issued.refreshToken ?? null,
    bot_id: 'b0000000-0000-4000-8000-000000000001',
    workspace_id: issued.account,
    workspace_name: 'Acme',
    workspace_icon: null,
    owner: { type: 'user' },
    duplicated_template_id: null,
    request_id: 'c0000000-0000-4000-8000-000000000001',
  }),
  refuse: refuseByStandard,
};
